//! Ratings in XMP: what a sidecar beside a photo, or a packet inside it, says
//! about stars, flag and colour label, and changing that in a sidecar.
//!
//! A sidecar belongs to all programs that know the photo. So an edit is a list
//! of splices into the text as it is: what is not a rating stays byte for byte.
//! A packet inside a photo is only read; photos are never written.
//!
//! Adobe's XMP specification (ISO 16684-1) describes the packet and the forms
//! a property can have; the properties read here are those of [`Statements`].

mod edit;
mod embedded;
mod encoding;
mod error;
mod labels;
mod packet;
mod rating;
mod replace;
mod sidecar;
mod statements;

pub use edit::{Edit, blank, edited};
pub use embedded::read_embedded;
pub use error::{Reason, XmpError};
pub use rating::{Fields, Flag, Label, Rating, Stars};
pub use replace::{remove, remove_part, replace, sync_folder};
pub use sidecar::{Content, Folders, Naming, Sidecar, Sidecars};
pub use statements::Statements;

/// The namespaces of the properties that Keepers knows.
pub(crate) mod namespace {
    pub(crate) const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    pub(crate) const XMP: &str = "http://ns.adobe.com/xap/1.0/";
    pub(crate) const XMP_DM: &str = "http://ns.adobe.com/xmp/1.0/DynamicMedia/";
    pub(crate) const DIGIKAM: &str = "http://www.digikam.org/ns/1.0/";
    pub(crate) const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
}
