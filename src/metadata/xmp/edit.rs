//! Changing what a packet says about a rating, as splices into its text.

use std::ops::Range;

use roxmltree::Node;

use super::encoding::{decode, encode};
use super::error::Reason;
use super::namespace::{DIGIKAM, XMP};
use super::packet::{COLOR_LABEL, GOOD, LABEL, Name, PICK, PICK_LABEL, Packet, RATING};
use super::packet::{Site, StartTag};
use super::rating::{Fields, Flag, Label, Rating};
use super::statements::Statements;
use super::{labels, namespace};

/// What a sidecar is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit {
    /// The whole rating. Where it says nothing, nothing is to stay said.
    pub rating: Rating,
    /// The fields to write out in every property that Keepers writes. Another
    /// field is touched only where the packet means something else by it.
    pub explicit: Fields,
}

/// A sidecar that says nothing yet.
pub fn blank() -> String {
    let (rdf, version) = (namespace::RDF, env!("CARGO_PKG_VERSION"));
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"Keepers {version}\">\n \
         <rdf:RDF xmlns:rdf=\"{rdf}\">\n  \
         <rdf:Description rdf:about=\"\"\n    \
         xmlns:xmp=\"{XMP}\"\n    \
         xmlns:digiKam=\"{DIGIKAM}\"/>\n \
         </rdf:RDF>\n\
         </x:xmpmeta>\n\
         <?xpacket end=\"w\"?>\n"
    )
}

/// The bytes of a sidecar after an edit, equal to `bytes` outside what has to
/// change, and equal altogether where nothing has to.
///
/// # Errors
/// Where the sidecar is none that can be understood.
pub fn edited(bytes: &[u8], edit: &Edit) -> Result<Vec<u8>, Reason> {
    let decoded = decode(bytes)?;
    let packet = Packet::parse(&decoded.text)?;
    let goals = goals(&packet.statements(), edit);
    let mut splices = Splices::default();
    let mut additions = Vec::new();
    for (name, goal) in goals {
        let found = packet.find(name);
        for property in &found {
            match (&goal, &property.value) {
                (None, _) => splices.remove(packet.text, property.range.clone()),
                (Some(value), Some(site)) => splices.set(site, value),
                (Some(_), None) => {
                    let what = format!("its {} is a structure", name.1);
                    return Err(Reason::Malformed(what));
                }
            }
        }
        if found.is_empty() {
            additions.extend(goal.map(|value| (name, value)));
        }
    }
    add(&packet, &additions, &mut splices)?;
    if splices.0.is_empty() {
        return Ok(bytes.to_vec());
    }
    let text = splices.apply(packet.text)?;
    check(&text, edit)?;
    Ok(encode(&text, decoded.encoding, decoded.mark))
}

/// Whether an edited text says what it should, before anybody writes it.
fn check(text: &str, edit: &Edit) -> Result<(), Reason> {
    let said = Packet::parse(text)?.statements().meaning();
    let goal = match edit.rating {
        // A rejected photo's stars have no place in XMP.
        Rating {
            flag: Some(Flag::Reject),
            ..
        } => Rating {
            stars: said.stars,
            ..edit.rating
        },
        rating => rating,
    };
    if said.differs(goal).any() {
        let what = format!("edited it would say \"{said}\" instead of \"{goal}\"");
        return Err(Reason::Malformed(what));
    }
    Ok(())
}

/// The properties that have to change, with their new values; `None` for one
/// that is to go.
fn goals(now: &Statements, edit: &Edit) -> Vec<(Name, Option<String>)> {
    let (goal, explicit) = (edit.rating, edit.explicit);
    let differs = now.meaning().differs(goal);
    let mut goals = Vec::new();

    let flag_changes = explicit.flag || differs.flag;
    let rejected = goal.flag == Some(Flag::Reject);
    // digiKam keeps a rejected photo's stars here; that stays so until the
    // rejection is Keepers' own.
    let rating = if rejected && (flag_changes || now.rating == Some(-1)) {
        Some(-1)
    } else {
        goal.stars.map(|stars| stars.count().cast_signed())
    };
    if (explicit.stars || differs.stars || flag_changes) && now.rating != rating {
        goals.push((RATING, rating.map(|rating| rating.to_string())));
    }
    if flag_changes {
        let pick_label = goal.flag.map(|flag| match flag {
            Flag::None => 0,
            Flag::Reject => 1,
            Flag::Pick => 3,
        });
        if now.pick_label != pick_label {
            goals.push((PICK_LABEL, pick_label.map(|n| n.to_string())));
        }
        // Only brought into line where they are: Lightroom goes by them.
        let (pick, good) = match goal.flag {
            Some(Flag::Pick) => (1, Some(true)),
            Some(Flag::Reject) => (-1, Some(false)),
            Some(Flag::None) | None => (0, None),
        };
        if now.pick.is_some_and(|now| now != pick) {
            goals.push((PICK, Some(pick.to_string())));
        }
        if now.good.is_some() && now.good != good {
            goals.push((GOOD, good.map(|good| capitalised(good).to_owned())));
        }
    }
    if goal.label != Some(Label::Other) && (explicit.label || differs.label) {
        let label = goal.label.unwrap_or(Label::None);
        // A name in another language is as good.
        if now.label.as_deref().map_or(Label::None, labels::of_text) != label {
            goals.push((LABEL, labels::to_text(label).map(str::to_owned)));
        }
        let color_label = goal.label.and_then(labels::to_number);
        if now.color_label != color_label {
            goals.push((COLOR_LABEL, color_label.map(|n| n.to_string())));
        }
    }
    goals
}

/// Booleans as XMP writes them.
fn capitalised(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// Text to put in place of ranges.
#[derive(Debug, Default)]
struct Splices(Vec<(Range<usize>, String)>);

impl Splices {
    fn set(&mut self, site: &Site, value: &str) {
        match site {
            Site::Text { value: now, .. } if now == value => {}
            Site::Text { range, .. } => self.0.push((range.clone(), value.to_owned())),
            Site::Empty { end, name } => {
                self.0.push((end.clone(), format!(">{value}</{name}>")));
            }
        }
    }

    /// Removes what is at `range` and the white space before it.
    fn remove(&mut self, text: &str, range: Range<usize>) {
        let before = text.get(..range.start).unwrap_or_default();
        self.0
            .push((before.trim_end().len()..range.end, String::new()));
    }

    fn insert(&mut self, at: usize, text: String) {
        self.0.push((at..at, text));
    }

    fn apply(mut self, text: &str) -> Result<String, Reason> {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let mut result = String::with_capacity(text.len() + 256);
        let mut at = 0;
        for (range, replacement) in &self.0 {
            let kept = text
                .get(at..range.start)
                .ok_or_else(|| Reason::Malformed("its properties overlap".to_owned()))?;
            result.push_str(kept);
            result.push_str(replacement);
            at = range.end;
        }
        result.push_str(text.get(at..).unwrap_or_default());
        Ok(result)
    }
}

/// Adds properties, each to the first description that knows its namespace,
/// otherwise to the first one.
fn add(
    packet: &Packet<'_>,
    properties: &[(Name, String)],
    splices: &mut Splices,
) -> Result<(), Reason> {
    if properties.is_empty() {
        return Ok(());
    }
    let descriptions: Vec<Node<'_, '_>> = packet.descriptions().collect();
    if descriptions.is_empty() {
        return add_description(packet, properties, splices).ok_or_else(broken);
    }
    let home = |uri: &str| {
        let knows = |node: &Node<'_, '_>| {
            node.namespaces()
                .any(|known| known.uri() == uri && known.name().is_some())
        };
        descriptions.iter().position(knows).unwrap_or(0)
    };
    for (i, description) in descriptions.iter().enumerate() {
        let here: Vec<&(Name, String)> = properties
            .iter()
            .filter(|((uri, _), _)| home(uri) == i)
            .collect();
        if !here.is_empty() {
            add_to(*description, packet.text, &here, splices)?;
        }
    }
    Ok(())
}

fn broken() -> Reason {
    Reason::Malformed("its rdf:RDF cannot be taken apart".to_owned())
}

/// Adds properties to a description, in the form it has the others in.
fn add_to(
    description: Node<'_, '_>,
    text: &str,
    properties: &[&(Name, String)],
    splices: &mut Splices,
) -> Result<(), Reason> {
    let tag = StartTag::of(text, description.range()).ok_or_else(broken)?;
    let mut names = Prefixes::new(|prefix| {
        let uri = description.lookup_namespace_uri(Some(prefix));
        uri.map(str::to_owned)
    });
    for namespace in description.namespaces() {
        names.know(namespace.name(), namespace.uri());
    }
    let last = description
        .attributes()
        .map(|a| a.range())
        .max_by_key(|r| r.start);
    let in_elements = !tag.empty
        && description.children().any(|child| child.is_element())
        && description
            .attributes()
            .all(|a| a.namespace() == Some(namespace::RDF));
    // As the last attribute is set apart, which keeps columns.
    let before_last = last
        .and_then(|range| text.get(..range.start))
        .unwrap_or_default();
    let gap = space_at_end(before_last);
    let gap = if gap.is_empty() { " " } else { gap };
    let (mut attributes, mut elements) = (String::new(), String::new());
    let indent = text
        .get(tag.close.end..)
        .map(space_at_start)
        .unwrap_or_default();
    for ((uri, local), value) in properties {
        let prefix = names.prefix(uri, |prefix| {
            attributes += &format!("{gap}xmlns:{prefix}=\"{uri}\"");
        });
        if in_elements {
            elements += &format!("{indent}<{prefix}:{local}>{value}</{prefix}:{local}>");
        } else {
            attributes += &format!("{gap}{prefix}:{local}=\"{value}\"");
        }
    }
    let tag_text = text
        .get(description.range().start..tag.close.start)
        .ok_or_else(broken)?;
    if !attributes.is_empty() {
        let at = description.range().start + tag_text.trim_end().len();
        splices.insert(at, attributes);
    }
    if !elements.is_empty() {
        splices.insert(tag.close.end, elements);
    }
    Ok(())
}

/// Adds a description to a packet that has none.
fn add_description(
    packet: &Packet<'_>,
    properties: &[(Name, String)],
    splices: &mut Splices,
) -> Option<()> {
    let rdf = packet.rdf()?;
    let tag = StartTag::of(packet.text, rdf.range())?;
    let rdf_name = packet.text.get(tag.name.clone())?;
    // `rdf:` in front, or nothing where RDF is the default namespace.
    let rdf_prefix = rdf_name.strip_suffix("RDF")?;
    // Attributes need a prefix even where elements need none.
    let about = if rdf_prefix.is_empty() {
        format!(" xmlns:rdf=\"{}\" rdf:about=\"\"", namespace::RDF)
    } else {
        format!(" {rdf_prefix}about=\"\"")
    };
    let mut names = Prefixes::new(|prefix| {
        let uri = rdf.lookup_namespace_uri(Some(prefix));
        uri.map(str::to_owned)
    });
    for namespace in rdf.namespaces() {
        names.know(namespace.name(), namespace.uri());
    }
    let mut attributes = about;
    for ((uri, local), value) in properties {
        let prefix = names.prefix(uri, |prefix| {
            attributes += &format!(" xmlns:{prefix}=\"{uri}\"");
        });
        attributes += &format!(" {prefix}:{local}=\"{value}\"");
    }
    let element = format!("<{rdf_prefix}Description{attributes}/>");
    if tag.empty {
        splices
            .0
            .push((tag.close, format!(">{element}</{rdf_name}>")));
    } else {
        splices.insert(tag.close.end, element);
    }
    Some(())
}

/// The prefixes for namespaces at one place of a packet.
struct Prefixes<F> {
    /// By URI.
    known: Vec<(String, String)>,
    /// What a prefix stands for already.
    taken: F,
}

impl<F: Fn(&str) -> Option<String>> Prefixes<F> {
    fn new(taken: F) -> Self {
        Self {
            known: Vec::new(),
            taken,
        }
    }

    /// Takes note of a declaration in scope; attributes cannot use one without
    /// a prefix.
    fn know(&mut self, prefix: Option<&str>, uri: &str) {
        if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
            self.known.push((uri.to_owned(), prefix.to_owned()));
        }
    }

    /// The prefix for `uri`; `declare` is told of one that is not declared.
    fn prefix(&mut self, uri: &str, mut declare: impl FnMut(&str)) -> String {
        if let Some((_, prefix)) = self.known.iter().find(|(known, _)| known == uri) {
            return prefix.clone();
        }
        let usual = match uri {
            XMP => "xmp",
            DIGIKAM => "digiKam",
            _ => "xmpDM",
        };
        let mut prefix = usual.to_owned();
        let mut number = 1;
        while (self.taken)(&prefix).is_some() {
            number += 1;
            prefix = format!("{usual}{number}");
        }
        declare(&prefix);
        self.known.push((uri.to_owned(), prefix.clone()));
        prefix
    }
}

fn space_at_end(text: &str) -> &str {
    text.get(text.trim_end().len()..).unwrap_or_default()
}

fn space_at_start(text: &str) -> &str {
    let length = text.len() - text.trim_start().len();
    text.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests;
