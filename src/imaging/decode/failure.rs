//! What foreign decoders' errors mean for a photo.

use std::io;

use super::super::error::Reason;

/// A reader's error inside a decoder: the end of the file before the end of the
/// picture is damage, and so is what the decoder itself found wrong.
pub(super) fn of_io(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => cut_off(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            damaged(error)
        }
        kind => Reason::Io(io::Error::new(kind, error.to_string())),
    }
}

/// The picture's data ends before the picture does.
pub(super) fn cut_off() -> Reason {
    Reason::Damaged("cut off: the file ends before the picture does".to_owned())
}

/// Data that makes no sense.
pub(super) fn damaged(error: impl std::fmt::Display) -> Reason {
    Reason::Damaged(format!("damaged: {error}"))
}

/// Data that may make sense, but not to the decoder.
pub(super) fn unsupported(error: impl std::fmt::Display) -> Reason {
    Reason::Unsupported(format!("not supported: {error}"))
}

/// An error of one of the image crate's decoders.
pub(super) fn of_image(error: image::ImageError) -> Reason {
    use image::ImageError;
    match error {
        ImageError::IoError(error) => of_io(&error),
        ImageError::Unsupported(error) => unsupported(error),
        ImageError::Limits(error) => Reason::Limit(format!("too large: {error}")),
        error => damaged(error),
    }
}
