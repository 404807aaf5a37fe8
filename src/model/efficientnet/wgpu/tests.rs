//! On whatever graphics driver there is, software included.

use super::*;
use crate::model::simd::Level;

#[test]
fn descriptors_are_those_of_the_processor() {
    let weights = Weights::random(7).unwrap().rounded().unwrap();
    let backed = match Gpu::new(&weights, true) {
        Ok(gpu) => Backed {
            gpu,
            failed: AtomicBool::new(false),
        },
        Err(GpuError::None) => return println!("skipped: no graphics driver on this machine"),
        Err(error) => panic!("{error}"),
    };
    println!("on {:?}", backed.gpu);
    let processor = Fused::new(&weights, Level::best()).unwrap();
    let photos: Vec<Vec<u8>> = [97, 31]
        .map(|step| (0..PHOTO).map(|i| (i * step % 251) as u8).collect())
        .into();
    let batch: Vec<&[u8]> = photos.iter().map(Vec::as_slice).collect();
    let expected = processor.describe(&batch).unwrap();
    let actual = backed.gpu.describe(&batch).unwrap();
    assert_eq!(actual.len(), 2);
    for (actual, expected) in actual.iter().zip(&expected) {
        assert_eq!(actual.len(), DESCRIPTOR);
        for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
            // Random weights give large numbers, so relative to them as well.
            assert!(
                (a - e).abs() <= TOLERANCE * e.abs().max(1.0),
                "{i}: {a} {e}"
            );
        }
    }
    // A device that is gone loses nothing.
    backed.gpu.context.device.destroy();
    let after = backed.describe(&batch, &processor).unwrap();
    assert!(backed.failed.load(Ordering::Relaxed));
    assert_eq!(after, expected);
    let short = backed.describe(&[&[0; 3]], &processor);
    assert!(matches!(short, Err(ModelError::Input { .. })));
}
