//! The icons, as characters of the Phosphor typeface.

pub const ADVANCE: &str = "\u{e6a6}";
pub const CHECK: &str = "\u{e182}";
pub const COPY: &str = "\u{e1ca}";
pub const DOWNLOAD: &str = "\u{e20c}";
pub const DROP: &str = "\u{e010}";
pub const EXPORT: &str = "\u{eaf0}";
pub const FILE_PLUS: &str = "\u{e236}";
pub const FLAG: &str = "\u{e244}";
pub const FOLDER_OPEN: &str = "\u{e256}";
pub const FUNNEL: &str = "\u{e266}";
pub const GRID: &str = "\u{e464}";
pub const IMAGES: &str = "\u{e836}";
pub const IMAGE_BROKEN: &str = "\u{e7a8}";
pub const INFO: &str = "\u{e2ce}";
pub const KEYBOARD: &str = "\u{e2d8}";
pub const LOUPE: &str = "\u{e2ca}";
pub const MODEL: &str = "\u{e1da}";
pub const NEXT: &str = "\u{e13a}";
pub const PREVIOUS: &str = "\u{e138}";
pub const SEARCH: &str = "\u{e30c}";
pub const SPARKLE: &str = "\u{e6a2}";
pub const STOP: &str = "\u{e46e}";
pub const TRASH: &str = "\u{e4a6}";
pub const UNDO: &str = "\u{e08a}";
pub const WARNING: &str = "\u{e4e0}";
pub const X: &str = "\u{e4f6}";
