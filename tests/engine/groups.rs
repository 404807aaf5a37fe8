//! Groups of real photos.

use std::path::PathBuf;

use keepers::engine::Cancel;
use keepers::engine::groups::{Comparison, Kind, SENSITIVITY, read};
use keepers::model::compact::CompactModel;

use crate::support::data;

/// Six views of a castle, taken from a few steps apart within a minute, and
/// photos of other things by other cameras.
#[test]
fn data_the_burst_of_the_shoot_is_one_group() {
    let Some(data) = data() else { return };
    let burst: Vec<PathBuf> = (7100..7106)
        .map(|n| data.join(format!("shoot/burst/100_{n}.JPG")))
        .collect();
    let others = ["Canon PowerShot A560", "Olympus S760"]
        .map(|name| data.join(format!("shoot/cameras/{name}.jpg")));
    let paths = [others.to_vec(), burst.clone()].concat();
    let model = CompactModel::embedded().unwrap();
    let (photos, failed) = read(&model, &paths, None, &Cancel::default(), &mut |_| {}).unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    let groups = Comparison::new(&photos).groups(SENSITIVITY, &[]);
    let [group] = groups.as_slice() else {
        panic!("{groups:?}");
    };
    assert_eq!(group.kind, Kind::Similar);
    let members: Vec<PathBuf> = group
        .shots
        .iter()
        .map(|shot| photos[shot.lead()].path.clone())
        .collect();
    assert_eq!(members, burst);
}
