use candle_core::Device;

use super::*;

/// One number per example; the score is the logistic of `weight` times it.
struct Line {
    weight: Var,
    inputs: Vec<f32>,
    labels: Vec<f32>,
}

impl Line {
    fn margin(&self, examples: &[usize]) -> Tensor {
        let x: Vec<f32> = examples.iter().map(|&i| self.inputs[i]).collect();
        let x = Tensor::new(x, &Device::Cpu).unwrap();
        x.broadcast_mul(self.weight.as_tensor()).unwrap()
    }
}

impl Learner for Line {
    fn variables(&self) -> Vec<(String, Var)> {
        vec![("weight".to_owned(), self.weight.clone())]
    }

    fn loss(&mut self, examples: &[usize], _: &mut Random) -> Result<Tensor, PretrainError> {
        let labels: Vec<f32> = examples.iter().map(|&i| self.labels[i]).collect();
        let labels = Tensor::new(labels, &Device::Cpu)?;
        Ok(cross_entropy(&self.margin(examples), &labels)?)
    }

    fn scores(&mut self, examples: &[usize]) -> Result<Vec<f64>, PretrainError> {
        let margins = self.margin(examples).to_vec1::<f32>()?;
        Ok(margins.into_iter().map(f64::from).collect())
    }
}

/// Twenty originals, each with a photo per task; the higher the input the
/// better, and the line begins the wrong way round.
fn line() -> (Line, Data) {
    let mut random = Random::new(5);
    let inputs: Vec<f32> = (0..60).map(|_| random.normal() as f32).collect();
    let labels: Vec<f32> = inputs.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
    let examples = labels.iter().enumerate();
    let data = Data {
        examples: examples
            .map(|(i, &label)| Example {
                label,
                original: i % 20,
            })
            .collect(),
        tasks: (0..3)
            .map(|t| Task {
                name: format!("task {t}"),
                set: t / 2,
                synthetic: t < 2,
                validation_only: false,
                examples: (20 * t..20 * (t + 1)).collect(),
            })
            .collect(),
    };
    let line = Line {
        weight: Var::from_slice(&[-0.2f32], 1, &Device::Cpu).unwrap(),
        inputs,
        labels,
    };
    (line, data)
}

fn options(inner: Inner) -> Options {
    Options {
        inner,
        rates: Rates {
            alpha: 0.1,
            beta: 0.5,
        },
        support: 6,
        query: 3,
        epochs: 6,
        validation: 0.3,
        seed: 2,
        ..Options::default()
    }
}

fn weight(state: &State) -> Vec<f32> {
    state.best[0].to_vec1().unwrap()
}

#[test]
fn it_learns_and_keeps_the_best_epoch() {
    for inner in [Inner::Reset, Inner::Continue] {
        let (mut learner, data) = line();
        let state = pretrain(&mut learner, &data, &options(inner), None, &mut |_| true).unwrap();
        assert_eq!(state.rows.len(), 7);
        assert!(state.rows[0].validation < -0.9 && state.rows[6].validation > 0.9);
        assert!(state.best_epoch > 0);
        assert_eq!(learner.weight.to_vec1::<f32>().unwrap(), weight(&state));
        assert!(state.rows[6].query < state.rows[1].query);
    }
}

#[test]
fn a_broken_run_goes_on_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let names = ["weight".to_owned()];
    for inner in [Inner::Reset, Inner::Continue] {
        let _ = std::fs::remove_file(&path);
        let options = options(inner);
        let (mut learner, data) = line();
        let whole = pretrain(&mut learner, &data, &options, None, &mut |_| true).unwrap();

        let (mut learner, data) = line();
        pretrain(&mut learner, &data, &options, None, &mut |state| {
            write(&path, state, &names, "about").unwrap();
            state.rows.len() < 3
        })
        .unwrap();
        let state = read(&path, &names, "about").unwrap();
        assert_eq!(state.as_ref().map(|state| state.rows.len()), Some(3));
        let (mut learner, data) = line();
        let resumed = pretrain(&mut learner, &data, &options, state, &mut |_| true).unwrap();
        assert_eq!(weight(&resumed), weight(&whole));
        assert_eq!(format!("{:?}", resumed.rows), format!("{:?}", whole.rows));
        assert_eq!(resumed.best_epoch, whole.best_epoch);
        let other = read(&path, &names, "other").unwrap_err().to_string();
        assert!(other.contains("belongs to another"), "{other}");
    }
    assert!(
        read(&folder.path().join("none"), &names, "about")
            .unwrap()
            .is_none()
    );
    std::fs::write(&path, b"no state").unwrap();
    assert!(read(&path, &names, "about").is_err());
}

#[test]
fn what_is_made_of_one_original_stays_on_one_side() {
    let (_, data) = line();
    let parts = Parts::new(&data, &options(Inner::Reset)).unwrap();
    let originals = |examples: &[usize]| -> std::collections::BTreeSet<usize> {
        examples
            .iter()
            .map(|&i| data.examples[i].original)
            .collect()
    };
    let first = (
        originals(&parts.tasks[0].support),
        originals(&parts.tasks[0].query),
        originals(&parts.validation[0].1),
    );
    assert!(first.0.is_disjoint(&first.1) && first.0.is_disjoint(&first.2));
    assert!(first.1.is_disjoint(&first.2));
    assert_eq!(first.0.len() + first.1.len() + first.2.len(), 20);
    for (part, (_, validation)) in parts.tasks.iter().zip(&parts.validation) {
        assert_eq!(originals(&part.support), first.0);
        assert_eq!(originals(validation), first.2);
    }
    let batches = parts.tasks[0].batches(&options(Inner::Reset), &mut Random::new(1));
    let fill = parts.tasks[0].support.len().div_ceil(6);
    assert_eq!(batches.len(), fill);
}

#[test]
fn data_that_teaches_nothing_is_refused() {
    let (mut learner, mut data) = line();
    let mut run = |data: &Data| {
        let run = pretrain(
            &mut learner,
            data,
            &options(Inner::Reset),
            None,
            &mut |_| true,
        );
        run.unwrap_err().to_string()
    };
    assert!(run(&Data::default()).contains("no tasks"));
    data.tasks[1].examples.truncate(1);
    assert!(run(&data).contains("task 1"));
    data.examples[0].label = 1.5;
    assert!(run(&data).contains("between 0 and 1"));
}
