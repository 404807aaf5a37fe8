//! Files of CLIP networks: every layout that they come in, and what is no
//! network.
