//! The compact model's head under meta-prompt pre-training: what learns are
//! the adapter and the quality prompts.

use candle_core::{Device, Tensor, Var};

use super::{Example, Learner, PretrainError, cross_entropy};
use crate::learning::fit::Network;
use crate::learning::sample::Random;
use crate::model::compact::Head;
use crate::model::efficientnet::DESCRIPTOR;

/// A head in training.
#[derive(Debug)]
pub struct CompactLearner {
    network: Network,
    mean: Vec<f32>,
    deviation: Vec<f32>,
    /// [n, 1120], standardised.
    inputs: Tensor,
    /// [n].
    targets: Tensor,
}

impl CompactLearner {
    /// Goes on from `head` with descriptors [n][1120] of all examples.
    ///
    /// # Errors
    /// [`PretrainError::Data`] for descriptors of another number or length.
    pub fn new(
        head: &Head,
        descriptors: &[Vec<f32>],
        examples: &[Example],
    ) -> Result<Self, PretrainError> {
        let fitting = descriptors.len() == examples.len()
            && descriptors.iter().all(|d| d.len() == DESCRIPTOR);
        if !fitting {
            let reason = "every photo needs one descriptor".to_owned();
            return Err(PretrainError::Data(reason));
        }
        let values: Vec<f32> = descriptors
            .iter()
            .flat_map(|d| d.iter().zip(&head.mean).zip(&head.deviation))
            .map(|((value, mean), deviation)| (value - mean) / deviation)
            .collect();
        let labels: Vec<f32> = examples.iter().map(|example| example.label).collect();
        Ok(Self {
            network: Network::of_head(head)?,
            mean: head.mean.clone(),
            deviation: head.deviation.clone(),
            inputs: Tensor::from_vec(values, (descriptors.len(), DESCRIPTOR), &Device::Cpu)?,
            targets: Tensor::new(labels, &Device::Cpu)?,
        })
    }

    /// The head as it is now.
    ///
    /// # Errors
    /// [`PretrainError::Diverged`] when its parameters are no finite numbers.
    pub fn head(&self) -> Result<Head, PretrainError> {
        self.network
            .head(self.mean.clone(), self.deviation.clone())
            .map_err(|_| PretrainError::Diverged)
    }

    fn margin(&self, examples: &[usize]) -> candle_core::Result<(Tensor, Tensor)> {
        let chosen: Vec<u32> = examples.iter().map(|&i| i as u32).collect();
        let chosen = Tensor::new(chosen, &Device::Cpu)?;
        let margin = self
            .network
            .margin(&self.inputs.index_select(&chosen, 0)?)?;
        Ok((margin, self.targets.index_select(&chosen, 0)?))
    }
}

impl Learner for CompactLearner {
    fn variables(&self) -> Vec<(String, Var)> {
        self.network.adapter_and_prompts()
    }

    fn loss(&mut self, examples: &[usize], _: &mut Random) -> Result<Tensor, PretrainError> {
        let (margin, targets) = self.margin(examples)?;
        Ok(cross_entropy(&margin, &targets)?)
    }

    fn scores(&mut self, examples: &[usize]) -> Result<Vec<f64>, PretrainError> {
        let (margin, _) = self.margin(examples)?;
        let margins = margin.to_vec1::<f32>()?;
        let score = |margin: f32| 1.0 / (1.0 + (-f64::from(margin)).exp());
        Ok(margins.into_iter().map(score).collect())
    }
}
