//! Measuring: that figures belong together, never how large they are.

use std::sync::Arc;

use keepers::engine::Cancel;
use keepers::engine::bench::{BenchError, Photos, measure};
use keepers::model::QualityModel;

use crate::support::luminance::Luminance;
use crate::support::photos::greys;

fn model(panics_at: Option<u8>) -> Arc<dyn QualityModel> {
    Arc::new(Luminance {
        panics_at,
        ..Luminance::default()
    })
}

#[test]
fn the_rates_of_a_measurement_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let photos = Photos::of(&greys(folder.path(), 12), 10).unwrap();
    assert_eq!(photos.count(), 10);
    for shared in [true, false] {
        let rates = measure(&photos, &model(None), shared, 3, &Cancel::default()).unwrap();
        for rate in [rates.decode, rates.network, rates.pipeline] {
            assert!(rate.is_finite() && rate > 0.0, "{rates:?}");
        }
        let ceiling = match shared {
            true => rates.decode * rates.network / (rates.decode + rates.network),
            false => rates.decode.min(rates.network),
        };
        assert!((rates.ceiling / ceiling - 1.0).abs() < 1e-9, "{rates:?}");
        let share = rates.pipeline / ceiling;
        assert!((rates.share() / share - 1.0).abs() < 1e-9, "{rates:?}");
    }
}

#[test]
fn what_cannot_be_measured_says_why() {
    let folder = tempfile::tempdir().unwrap();
    // The first is black.
    let photos = Photos::of(&greys(folder.path(), 2), 2).unwrap();
    let failed = measure(&photos, &model(Some(0)), true, 1, &Cancel::default());
    assert!(matches!(failed, Err(BenchError::Network(_))), "{failed:?}");
    let cancel = Cancel::default();
    cancel.cancel();
    let cancelled = measure(&photos, &model(None), true, 1, &cancel);
    assert!(
        matches!(cancelled, Err(BenchError::Cancelled)),
        "{cancelled:?}"
    );
}
