use super::super::rating::Stars;
use super::*;

fn rating(stars: Option<u8>, flag: Option<Flag>, label: Option<Label>) -> Rating {
    Rating {
        stars: stars.and_then(Stars::new),
        flag,
        label,
    }
}

/// The text after setting what `change` says.
fn set(text: &str, change: Rating) -> String {
    let now = Packet::parse(text).unwrap().statements().meaning();
    let edit = Edit {
        rating: now.with(change, change.fields()),
        explicit: change.fields(),
    };
    String::from_utf8(edited(text.as_bytes(), &edit).unwrap()).unwrap()
}

fn packet(description: &str) -> String {
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n <rdf:RDF xmlns:rdf=\"{}\">\n  {description}\n \
         </rdf:RDF>\n</x:xmpmeta>",
        namespace::RDF
    )
}

#[test]
fn a_blank_sidecar_gets_what_is_said_and_gives_it_back() {
    let all = rating(Some(3), Some(Flag::Pick), Some(Label::Red));
    let text = set(&blank(), all);
    let said = Packet::parse(&text).unwrap().statements();
    assert_eq!(
        said,
        Statements {
            rating: Some(3),
            label: Some("Red".into()),
            pick_label: Some(3),
            color_label: Some(1),
            ..Statements::default()
        }
    );
    let silence = Edit {
        rating: Rating::default(),
        explicit: Fields::ALL,
    };
    assert_eq!(
        edited(text.as_bytes(), &silence).unwrap(),
        blank().as_bytes()
    );
}

#[test]
fn an_attribute_is_changed_in_place() {
    let before = packet(
        "<rdf:Description rdf:about=\"\" xmlns:xmp='http://ns.adobe.com/xap/1.0/'\n    \
         xmp:Rating = '2' xmp:CreateDate=\"2026\"/>",
    );
    let after = set(&before, rating(Some(5), None, None));
    assert_eq!(after, before.replace("'2'", "'5'"));
    assert_eq!(set(&after, rating(Some(5), None, None)), after);
    let rejected = set(&before, rating(None, Some(Flag::Reject), None));
    assert!(rejected.contains("xmp:Rating = '-1'"), "{rejected}");
    assert!(rejected.contains("digiKam:PickLabel=\"1\""), "{rejected}");
}

#[test]
fn elements_are_changed_and_added_as_elements() {
    let before = packet(
        "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">\n   \
         <xmp:Rating>2</xmp:Rating><!-- kept -->\n  </rdf:Description>",
    );
    let after = set(&before, rating(Some(4), None, Some(Label::Blue)));
    let expected = before
        .replace(
            "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">\n",
            "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
             xmlns:digiKam=\"http://www.digikam.org/ns/1.0/\">\n   <xmp:Label>Blue</xmp:Label>\n   \
             <digiKam:ColorLabel>5</digiKam:ColorLabel>\n",
        )
        .replace(">2<", ">4<");
    assert_eq!(after, expected);
}

#[test]
fn empty_elements_and_nested_values_are_filled() {
    for (before, after) in [
        ("<xmp:Rating/>", "<xmp:Rating>3</xmp:Rating>"),
        ("<xmp:Rating></xmp:Rating>", "<xmp:Rating>3</xmp:Rating>"),
        (
            "<xmp:Rating rdf:parseType=\"Resource\"><rdf:value>1</rdf:value><xmp:q/></xmp:Rating>",
            "<xmp:Rating rdf:parseType=\"Resource\"><rdf:value>3</rdf:value><xmp:q/></xmp:Rating>",
        ),
        (
            "<xmp:Rating><![CDATA[1]]></xmp:Rating>",
            "<xmp:Rating>3</xmp:Rating>",
        ),
    ] {
        let whole = |inner: &str| {
            packet(&format!(
                "<rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">{inner}\
                 </rdf:Description>"
            ))
        };
        assert_eq!(
            set(&whole(before), rating(Some(3), None, None)),
            whole(after)
        );
    }
}

#[test]
fn a_packet_without_description_gets_one() {
    for (before, inside) in [
        (packet(""), "rdf:"),
        (
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF \
             xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></x:xmpmeta>"
                .to_owned(),
            "r:",
        ),
        (
            "<RDF xmlns='http://www.w3.org/1999/02/22-rdf-syntax-ns#'></RDF>".to_owned(),
            "",
        ),
    ] {
        let after = set(&before, rating(Some(3), None, None));
        assert!(after.contains(&format!("<{inside}Description ")), "{after}");
    }
}

#[test]
fn a_prefix_that_means_something_else_is_avoided() {
    let before = packet("<rdf:Description xmlns:xmp=\"urn:other\" xmp:Rating=\"9\"/>");
    let after = set(&before, rating(Some(3), None, None));
    assert!(after.contains("xmp:Rating=\"9\""), "{after}");
    assert!(
        after.contains("xmlns:xmp2=\"http://ns.adobe.com/xap/1.0/\" xmp2:Rating=\"3\""),
        "{after}"
    );
}

#[test]
fn a_property_goes_to_its_namespaces_description() {
    let xap = "xmlns:xap=\"http://ns.adobe.com/xap/1.0/\"";
    let before = packet(&format!(
        "<rdf:Description xmlns:p=\"urn:p\" p:a=\"1\"/>\n  <rdf:Description {xap} xap:b=\"1\"/>"
    ));
    let after = set(&before, rating(Some(3), None, None));
    assert_eq!(
        after,
        before.replace("xap:b=\"1\"", "xap:b=\"1\" xap:Rating=\"3\"")
    );
}

#[test]
fn what_says_the_same_already_is_left() {
    let before = packet(
        "<rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:Rating=\"3.0\" \
         xmp:Label=\"Grün\"/>",
    );
    assert_eq!(set(&before, rating(Some(3), None, None)), before);
    let labelled = set(&before, rating(None, None, Some(Label::Green)));
    assert!(labelled.contains("xmp:Label=\"Grün\""), "{labelled}");
    assert!(labelled.contains("digiKam:ColorLabel=\"4\""), "{labelled}");
}

#[test]
fn another_programs_flag_follows_and_none_is_added() {
    let dm = "xmlns:xmpDM=\"http://ns.adobe.com/xmp/1.0/DynamicMedia/\"";
    let before = packet(&format!(
        "<rdf:Description {dm} xmpDM:pick=\"1\" xmpDM:good=\"True\"/>"
    ));
    let after = set(&before, rating(None, Some(Flag::Reject), None));
    assert!(
        after.contains("xmpDM:pick=\"-1\" xmpDM:good=\"False\""),
        "{after}"
    );
    let none = set(&after, rating(None, Some(Flag::None), None));
    assert!(
        none.contains("xmpDM:pick=\"0\"") && !none.contains("good"),
        "{none}"
    );
    let plain = set(
        &packet("<rdf:Description/>"),
        rating(None, Some(Flag::Pick), None),
    );
    assert!(!plain.contains("xmpDM"), "{plain}");
}

#[test]
fn doubled_properties_are_all_set() {
    let xmp = "xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"";
    let before = packet(&format!(
        "<rdf:Description {xmp} xmp:Rating=\"1\"/>\n  <rdf:Description {xmp}>\
         <xmp:Rating>2</xmp:Rating></rdf:Description>"
    ));
    let after = set(&before, rating(Some(4), None, None));
    assert_eq!(
        after,
        before.replace("\"1\"", "\"4\"").replace(">2<", ">4<")
    );
}

#[test]
fn a_label_of_the_users_own_stays_until_another_is_set() {
    let before = packet(
        "<rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:Label=\"Album &amp; web\"/>",
    );
    let rated = set(&before, rating(Some(2), None, None));
    assert!(rated.contains("xmp:Label=\"Album &amp; web\""), "{rated}");
    let labelled = set(&before, rating(None, None, Some(Label::Red)));
    assert!(labelled.contains("xmp:Label=\"Red\""), "{labelled}");
}

#[test]
fn a_rejected_photos_stars_stay_where_digikam_put_them() {
    let before = packet(
        "<rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:digiKam=\"http://www.digikam.org/ns/1.0/\" xmp:Rating=\"3\" digiKam:PickLabel=\"1\"/>",
    );
    assert_eq!(
        set(&before, rating(Some(4), None, None)),
        before.replace("\"3\"", "\"4\"")
    );
    let ours = set(&before, rating(None, Some(Flag::Reject), None));
    assert_eq!(ours, before.replace("\"3\"", "\"-1\""));
}
