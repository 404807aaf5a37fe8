//! The names that programs give to colour labels.
//!
//! `xmp:Label` is free text: Lightroom writes the colour's name in the user's
//! language, Bridge the meaning it gives the colour. digiKam numbers them.

use super::rating::Label;

/// By colour, the names known for it: first the one that Keepers writes, which
/// is Lightroom's in English, then other languages' and Bridge's.
const NAMES: [(Label, &[&str]); 5] = [
    (
        Label::Red,
        &[
            "Red",
            "Select",
            "Rot",
            "Rouge",
            "Rojo",
            "Rosso",
            "Rood",
            "Vermelho",
            "Röd",
            "Красный",
            "レッド",
            "红色",
        ],
    ),
    (
        Label::Yellow,
        &[
            "Yellow",
            "Second",
            "Gelb",
            "Jaune",
            "Amarillo",
            "Giallo",
            "Geel",
            "Amarelo",
            "Gul",
            "Желтый",
            "イエロー",
            "黄色",
        ],
    ),
    (
        Label::Green,
        &[
            "Green",
            "Approved",
            "Grün",
            "Vert",
            "Verde",
            "Groen",
            "Grön",
            "Зеленый",
            "グリーン",
            "绿色",
        ],
    ),
    (
        Label::Blue,
        &[
            "Blue",
            "Review",
            "Blau",
            "Bleu",
            "Azul",
            "Blu",
            "Blauw",
            "Blå",
            "Синий",
            "ブルー",
            "蓝色",
        ],
    ),
    (
        Label::Purple,
        &[
            "Purple",
            "To Do",
            "Magenta",
            "Lila",
            "Violett",
            "Violet",
            "Púrpura",
            "Morado",
            "Viola",
            "Paars",
            "Roxo",
            "Пурпурный",
            "パープル",
            "紫色",
        ],
    ),
];

/// The label that a text in `xmp:Label` means.
pub(super) fn of_text(text: &str) -> Label {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("none") {
        return Label::None;
    }
    let lower = text.to_lowercase();
    NAMES
        .iter()
        .find(|(_, names)| names.iter().any(|name| name.to_lowercase() == lower))
        .map_or(Label::Other, |(label, _)| *label)
}

/// The text that Keepers writes; `None` where there is nothing to write.
pub(super) fn to_text(label: Label) -> Option<&'static str> {
    let (_, names) = NAMES.iter().find(|(known, _)| *known == label)?;
    names.first().copied()
}

/// The label of a number in `digiKam:ColorLabel`.
pub(super) fn of_number(number: u8) -> Label {
    match number {
        0 => Label::None,
        1 => Label::Red,
        3 => Label::Yellow,
        4 => Label::Green,
        5 => Label::Blue,
        6 => Label::Purple,
        // Orange, grey, black, white.
        _ => Label::Other,
    }
}

/// digiKam's number; `None` for what Keepers does not set.
pub(super) fn to_number(label: Label) -> Option<u8> {
    Some(match label {
        Label::None => 0,
        Label::Red => 1,
        Label::Yellow => 3,
        Label::Green => 4,
        Label::Blue => 5,
        Label::Purple => 6,
        Label::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_come_back() {
        for (label, _) in NAMES {
            assert_eq!(of_text(to_text(label).unwrap()), label);
            assert_eq!(of_number(to_number(label).unwrap()), label);
        }
        assert_eq!(of_text("grün"), Label::Green);
        assert_eq!(of_text("TO DO"), Label::Purple);
        assert_eq!(of_text(" "), Label::None);
        assert_eq!(of_text("For the album"), Label::Other);
        assert_eq!(of_number(2), Label::Other);
    }

    #[test]
    fn no_name_means_two_colours() {
        let mut all: Vec<String> = NAMES
            .iter()
            .flat_map(|(_, names)| names.iter().map(|name| name.to_lowercase()))
            .collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
