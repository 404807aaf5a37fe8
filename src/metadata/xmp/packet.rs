//! A packet's structure: where its properties are and what they say.
//!
//! A property of the photo is an attribute or a child element of a description
//! directly in `rdf:RDF`. What is nested deeper (history, masks, other photos)
//! has names of the same kind and another meaning, and is not looked at.

use std::ops::Range;

use roxmltree::{Document, Node, ParsingOptions};

use super::error::Reason;
use super::namespace::{DIGIKAM, PHOTOSHOP, RDF, XMP, XMP_DM};
use super::statements::Statements;

/// Most bytes of a packet; real ones have some kilobytes, a few megabytes with
/// masks and a long history.
pub(super) const MOST_BYTES: u64 = 16 << 20;

/// Most elements, texts and comments.
const MOST_NODES: u32 = 400_000;

/// Most attributes of one element: looking for doubles takes the square of it.
const MOST_ATTRIBUTES: usize = 1024;

/// Most attributes in all.
const ALL_ATTRIBUTES: usize = 100_000;

/// Most declarations of namespaces: each nested one copies those around it.
const MOST_NAMESPACES: usize = 2_000;

/// How deep a simple value can hide: a description, an array, its item.
const VALUE_DEPTH: usize = 4;

/// A parsed packet.
pub(super) struct Packet<'a> {
    pub text: &'a str,
    document: Document<'a>,
}

/// A property's name.
pub(super) type Name = (&'static str, &'static str);

pub(super) const RATING: Name = (XMP, "Rating");
pub(super) const LABEL: Name = (XMP, "Label");
pub(super) const PICK_LABEL: Name = (DIGIKAM, "PickLabel");
pub(super) const COLOR_LABEL: Name = (DIGIKAM, "ColorLabel");
pub(super) const PICK: Name = (XMP_DM, "pick");
pub(super) const GOOD: Name = (XMP_DM, "good");
const SIDECAR_FOR: Name = (PHOTOSHOP, "SidecarForExtension");

/// A property where it stands.
#[derive(Debug)]
pub(super) struct Found {
    /// The whole attribute or element.
    pub range: Range<usize>,
    /// Where its value is; `None` for a structure.
    pub value: Option<Site>,
}

/// A simple value where it stands.
#[derive(Debug)]
pub(super) enum Site {
    /// Text that can be replaced.
    Text { range: Range<usize>, value: String },
    /// An element without content: where its `/>` is, and its name.
    Empty { end: Range<usize>, name: String },
}

impl Site {
    pub(super) fn value(&self) -> &str {
        match self {
            Self::Text { value, .. } => value.trim(),
            Self::Empty { .. } => "",
        }
    }
}

impl<'a> Packet<'a> {
    /// Parses a packet. Document types are refused, so no entity expands.
    ///
    /// # Errors
    /// [`Reason::Limit`] where it is too convoluted, [`Reason::Malformed`]
    /// where it is no XML or has no `rdf:RDF`.
    pub(super) fn parse(text: &'a str) -> Result<Self, Reason> {
        check_shape(text)?;
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MOST_NODES,
            ..ParsingOptions::default()
        };
        let document =
            Document::parse_with_options(text, options).map_err(|error| match error {
                roxmltree::Error::NodesLimitReached => {
                    Reason::Limit(format!("it has more than {MOST_NODES} parts"))
                }
                error => Reason::Malformed(error.to_string()),
            })?;
        let packet = Self { text, document };
        if packet.rdf().is_none() {
            return Err(Reason::Malformed("it has no rdf:RDF".to_owned()));
        }
        Ok(packet)
    }

    /// The `rdf:RDF` element, alone or in `x:xmpmeta`.
    pub(super) fn rdf(&self) -> Option<Node<'_, 'a>> {
        let root = self.document.root_element();
        if root.has_tag_name((RDF, "RDF")) {
            return Some(root);
        }
        root.children()
            .find(|child| child.has_tag_name((RDF, "RDF")))
    }

    /// The descriptions of the photo.
    pub(super) fn descriptions(&self) -> impl Iterator<Item = Node<'_, 'a>> {
        self.rdf()
            .into_iter()
            .flat_map(|rdf| rdf.children())
            .filter(|child| child.has_tag_name((RDF, "Description")))
    }

    /// Everywhere a property stands; once in a sound packet.
    pub(super) fn find(&self, name: Name) -> Vec<Found> {
        let mut found = Vec::new();
        for description in self.descriptions() {
            if let Some(attribute) = description.attribute_node(name) {
                found.push(Found {
                    range: attribute.range(),
                    value: value_range(self.text, attribute.range()).map(|range| Site::Text {
                        range,
                        value: attribute.value().to_owned(),
                    }),
                });
            }
            for element in description.children().filter(|c| c.has_tag_name(name)) {
                found.push(Found {
                    range: element.range(),
                    value: self.site(element, VALUE_DEPTH),
                });
            }
        }
        found
    }

    /// The value of an element in any of the forms that RDF has for a simple
    /// one: text, `rdf:value` beside qualifiers, or the first of an array.
    fn site(&self, element: Node<'_, 'a>, depth: usize) -> Option<Site> {
        let depth = depth.checked_sub(1)?;
        if let Some(value) = element.attribute_node((RDF, "value")) {
            let range = value_range(self.text, value.range())?;
            let value = value.value().to_owned();
            return Some(Site::Text { range, value });
        }
        let mut inner = element.children().filter(Node::is_element).peekable();
        if inner.peek().is_some() {
            let wrapped = |node: &Node<'_, 'a>| {
                ["value", "Description", "Alt", "Seq", "Bag", "li"]
                    .iter()
                    .any(|name| node.has_tag_name((RDF, *name)))
            };
            return self.site(inner.find(wrapped)?, depth);
        }
        let tag = StartTag::of(self.text, element.range())?;
        if tag.empty {
            return Some(Site::Empty {
                end: tag.close,
                name: self.text.get(tag.name)?.to_owned(),
            });
        }
        let range = element.range();
        let end = range.start + self.text.get(range.clone())?.rfind("</")?;
        let value = element
            .children()
            .filter(Node::is_text)
            .filter_map(|text| text.text())
            .collect();
        Some(Site::Text {
            range: tag.close.end..end,
            value,
        })
    }

    /// What it says about the rating.
    pub(super) fn statements(&self) -> Statements {
        let text = |name| {
            let found = self.find(name);
            let site = found.into_iter().find_map(|found| found.value)?;
            Some(site.value().to_owned())
        };
        Statements {
            rating: text(RATING).and_then(|value| rating(&value)),
            label: text(LABEL),
            pick_label: text(PICK_LABEL).and_then(|value| small(&value, 3)),
            color_label: text(COLOR_LABEL).and_then(|value| small(&value, 9)),
            pick: text(PICK).and_then(|value| match value.as_str() {
                "1" => Some(1),
                "0" => Some(0),
                "-1" => Some(-1),
                _ => None,
            }),
            good: text(GOOD).and_then(|value| match value.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            }),
        }
    }

    /// The extension of the one photo that an `IMG.xmp` is meant for, where it
    /// says so, without the dot.
    pub(super) fn sidecar_for(&self) -> Option<String> {
        let found = self.find(SIDECAR_FOR);
        let site = found.into_iter().find_map(|found| found.value)?;
        let extension = site.value();
        (!extension.is_empty()).then(|| extension.to_owned())
    }
}

/// Stars are whole numbers, but `xmp:Rating` is a real one.
fn rating(text: &str) -> Option<i8> {
    let number: f64 = text.parse().ok()?;
    match number.round() {
        n if (0.0..=5.0).contains(&n) => Some(n as i8),
        -1.0 => Some(-1),
        _ => None,
    }
}

fn small(text: &str, most: u8) -> Option<u8> {
    text.parse().ok().filter(|&number| number <= most)
}

/// Refuses what would take a parser more time or memory than any sidecar.
fn check_shape(text: &str) -> Result<(), Reason> {
    if text.len() as u64 > MOST_BYTES {
        return Err(too_large());
    }
    let namespaces = memchr::memmem::find_iter(text.as_bytes(), b"xmlns").count();
    if namespaces > MOST_NAMESPACES {
        return Err(Reason::Limit(format!(
            "it declares more than {MOST_NAMESPACES} namespaces"
        )));
    }
    // Equals signs before quotes, tag by tag; texts hardly have any.
    let (mut here, mut all) = (0, 0);
    for pair in text.as_bytes().windows(2) {
        match pair {
            [b'<', _] => here = 0,
            [b'=', b'"' | b'\'' | b' ' | b'\t' | b'\r' | b'\n'] => {
                here += 1;
                all += 1;
            }
            _ => {}
        }
        if here > MOST_ATTRIBUTES || all > ALL_ATTRIBUTES {
            return Err(Reason::Limit("it has too many attributes".to_owned()));
        }
    }
    Ok(())
}

pub(super) fn too_large() -> Reason {
    Reason::Limit(format!("it is larger than {} MiB", MOST_BYTES >> 20))
}

/// The value of the attribute at `range`, without its quotes.
fn value_range(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let attribute = text.get(range.clone())?;
    let open = attribute.find(['"', '\''])?;
    let start = range.start + open + 1;
    (start < range.end).then(|| start..range.end - 1)
}

/// An element's start tag.
#[derive(Debug)]
pub(super) struct StartTag {
    /// The qualified name.
    pub name: Range<usize>,
    /// `>` or `/>`.
    pub close: Range<usize>,
    /// Whether the element ends with it.
    pub empty: bool,
}

impl StartTag {
    /// The start tag of the element at `range` of a well-formed text.
    pub(super) fn of(text: &str, range: Range<usize>) -> Option<Self> {
        let element = text.get(range.clone())?;
        let mut quote = None;
        let mut end = None;
        for (at, byte) in element.bytes().enumerate() {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'>') => {
                    end = Some(at);
                    break;
                }
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        let end = end?;
        let empty = element.get(..end)?.ends_with('/');
        let name = element
            .find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/')
            .unwrap_or(end);
        let start = range.start;
        Some(Self {
            name: start + 1..start + name,
            close: start + end - usize::from(empty)..start + end + 1,
            empty,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(description: &str) -> String {
        format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"{RDF}\" \
             xmlns:xmp=\"{XMP}\" xmlns:o=\"{DIGIKAM}\">{description}</rdf:RDF></x:xmpmeta>"
        )
    }

    fn meaning(description: &str) -> String {
        let text = packet(description);
        Packet::parse(&text)
            .unwrap()
            .statements()
            .meaning()
            .to_string()
    }

    #[test]
    fn every_form_of_a_simple_value_is_read() {
        for form in [
            "<rdf:Description xmp:Rating='3'/>",
            "<rdf:Description xmp:Rating = \"3.0\"></rdf:Description>",
            "<rdf:Description><xmp:Rating>3</xmp:Rating></rdf:Description>",
            "<rdf:Description><xmp:Rating>\n <!-- x -->3\n</xmp:Rating></rdf:Description>",
            "<rdf:Description><xmp:Rating><![CDATA[3]]></xmp:Rating></rdf:Description>",
            "<rdf:Description><xmp:Rating>&#51;</xmp:Rating></rdf:Description>",
            "<rdf:Description><xmp:Rating rdf:value='3'/></rdf:Description>",
            "<rdf:Description><xmp:Rating rdf:parseType='Resource'><rdf:value>3</rdf:value>\
             <xmp:q>1</xmp:q></xmp:Rating></rdf:Description>",
            "<rdf:Description><xmp:Rating><rdf:Description rdf:value='3' xmp:q='1'/>\
             </xmp:Rating></rdf:Description>",
            "<rdf:Description><xmp:Rating><rdf:Alt><rdf:li>3</rdf:li></rdf:Alt>\
             </xmp:Rating></rdf:Description>",
            "<rdf:Description xmp:Label='Red'/><rdf:Description xmp:Rating='3'/>",
        ] {
            assert!(meaning(form).starts_with("3 stars"), "{form}");
        }
    }

    #[test]
    fn names_count_by_namespace_and_only_at_the_top() {
        assert_eq!(
            meaning("<rdf:Description o:PickLabel='3' o:Rating='4'/>"),
            "picked"
        );
        let nested = "<rdf:Description><o:History><rdf:Seq><rdf:li xmp:Rating='5'/>\
                      <rdf:li><xmp:Rating>5</xmp:Rating></rdf:li></rdf:Seq></o:History>\
                      <o:Other rdf:parseType='Resource'><xmp:Rating>4</xmp:Rating></o:Other>\
                      </rdf:Description>";
        assert_eq!(meaning(nested), "not rated");
    }

    #[test]
    fn senseless_values_say_nothing() {
        for value in ["", "6", "-2", "NaN", "inf", "1e99", "three"] {
            let text = format!("<rdf:Description xmp:Rating='{value}'/>");
            assert_eq!(meaning(&text), "not rated", "{value}");
        }
        assert_eq!(meaning("<rdf:Description o:PickLabel='300'/>"), "not rated");
    }

    #[test]
    fn start_tags_are_found_whatever_their_values_hold() {
        let text = "<a:b c='>/>' d=\"'>\" />x";
        let tag = StartTag::of(text, 0..text.len()).unwrap();
        assert_eq!(&text[tag.name.clone()], "a:b");
        assert_eq!((&text[tag.close.clone()], tag.empty), ("/>", true));
    }

    #[test]
    fn what_is_no_xmp_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(500_000), "</a>".repeat(500_000));
        let wide = format!(
            "<a{}/>",
            (0..5000).map(|i| format!(" a{i}='1'")).collect::<String>()
        );
        let names = (0..5000)
            .map(|i| format!("<a xmlns:n{i}='u{i}'>"))
            .collect::<String>();
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>&b;</x>";
        for bad in [
            "",
            "<x/>",
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
            "<rdf:RDF/>",
            bomb,
            &deep,
            &wide,
            &names,
            &packet("<rdf:Description xmp:Rating='1' xmp:Rating='2'/>"),
            &packet("<rdf:Description xmp:Rating='&lol;'/>"),
        ] {
            let start = bad.get(..60).unwrap_or(bad);
            assert!(Packet::parse(bad).is_err(), "{start}");
        }
    }
}
