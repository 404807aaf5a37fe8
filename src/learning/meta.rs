//! The bi-level algorithm of meta-prompt pre-training: Li et al., "Boosting
//! CLIP Adaptation for Image Quality Assessment via Meta-Prompt Learning and
//! Gradient Regularization" (arXiv 2409.05381).
//!
//! From the shared parameters theta, every task goes its own way by steps of
//! Adam, a support batch and a query batch in turn, to theta_i; theta then
//! follows by `theta - beta mean_i(theta - theta_i)`.

use candle_core::{Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

/// Where a task begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Inner {
    /// At theta, as the paper describes.
    #[default]
    Reset,
    /// Where the task before it ended, as the authors' program has it: the
    /// inner parameters learn as in ordinary training, and theta is their slow
    /// average.
    Continue,
}

/// The rates of both levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Adam's rate within a task.
    pub alpha: f64,
    /// How much of the way to the mean of the tasks theta goes.
    pub beta: f64,
}

/// The batches of a task: support and query, as often as the task steps.
pub type Task<B> = Vec<[B; 2]>;

/// What an outer step did.
#[derive(Debug, Clone)]
pub struct Outer {
    /// Mean over the tasks of `theta - theta_i`, in the order of the variables.
    pub update: Vec<Tensor>,
    /// Per task and pair: the losses on support and on query, each before its
    /// step.
    pub losses: Vec<Vec<[f64; 2]>>,
}

/// Parameters under meta-learning. Between steps the variables hold theta.
#[derive(Debug)]
pub struct Meta {
    variables: Vec<Var>,
    /// Where the last task ended, for [`Inner::Continue`].
    inner: Option<Vec<Tensor>>,
}

impl Meta {
    /// Over these variables; their values are theta.
    pub fn new(variables: Vec<Var>) -> Self {
        Self {
            variables,
            inner: None,
        }
    }

    /// Theta, as values of its own.
    ///
    /// # Errors
    /// Candle's.
    pub fn theta(&self) -> Result<Vec<Tensor>> {
        self.variables.iter().map(values).collect()
    }

    /// Where the last task ended; `None` before the first, and for
    /// [`Inner::Reset`].
    pub fn inner(&self) -> Option<&[Tensor]> {
        self.inner.as_deref()
    }

    /// Goes on from where another left off.
    ///
    /// # Errors
    /// Candle's, for values of other shapes.
    pub fn restore(&mut self, theta: &[Tensor], inner: Option<Vec<Tensor>>) -> Result<()> {
        self.set(theta)?;
        self.inner = inner;
        Ok(())
    }

    /// One outer step over `tasks`; `loss` gives the loss of a batch for the
    /// variables as they are, differentiable. Without tasks nothing changes.
    ///
    /// Adam begins anew for every task.
    ///
    /// # Errors
    /// Those of `loss`, and Candle's.
    pub fn step<B, E: From<candle_core::Error>>(
        &mut self,
        tasks: &[Task<B>],
        inner: Inner,
        rates: Rates,
        loss: &mut dyn FnMut(&B) -> std::result::Result<Tensor, E>,
    ) -> std::result::Result<Outer, E> {
        let theta = self.theta()?;
        let mut update: Option<Vec<Tensor>> = None;
        let mut losses = Vec::with_capacity(tasks.len());
        if let (Inner::Continue, Some(inner)) = (inner, self.inner.take()) {
            self.set(&inner)?;
        }
        for task in tasks {
            if inner == Inner::Reset {
                self.set(&theta)?;
            }
            losses.push(self.walk(task, rates.alpha, loss)?);
            let apart = theta.iter().zip(&self.variables);
            let apart = apart
                .map(|(theta, variable)| (theta - variable.as_tensor())?.detach().copy())
                .collect::<Result<Vec<_>>>()?;
            update = Some(match update {
                None => apart,
                Some(sum) => {
                    let both = sum.iter().zip(&apart);
                    both.map(|(sum, apart)| sum + apart)
                        .collect::<Result<Vec<_>>>()?
                }
            });
        }
        let update = match update {
            Some(sum) => sum
                .iter()
                .map(|sum| sum / tasks.len() as f64)
                .collect::<Result<Vec<_>>>()?,
            None => theta
                .iter()
                .map(Tensor::zeros_like)
                .collect::<Result<Vec<_>>>()?,
        };
        if inner == Inner::Continue {
            self.inner = Some(self.theta()?);
        }
        let moved = theta
            .iter()
            .zip(&update)
            .map(|(theta, update)| theta - (update * rates.beta)?)
            .collect::<Result<Vec<_>>>()?;
        self.set(&moved)?;
        Ok(Outer { update, losses })
    }

    /// A task's own way from the variables as they are.
    fn walk<B, E: From<candle_core::Error>>(
        &self,
        task: &Task<B>,
        alpha: f64,
        loss: &mut dyn FnMut(&B) -> std::result::Result<Tensor, E>,
    ) -> std::result::Result<Vec<[f64; 2]>, E> {
        let adam = ParamsAdamW {
            lr: alpha,
            weight_decay: 0.0,
            ..Default::default()
        };
        let mut adam = AdamW::new(self.variables.clone(), adam)?;
        let mut losses = Vec::with_capacity(task.len());
        for pair in task {
            let mut of = [0.0; 2];
            for (batch, value) in pair.iter().zip(&mut of) {
                let loss = loss(batch)?;
                *value = f64::from(loss.to_scalar::<f32>()?);
                adam.backward_step(&loss)?;
            }
            losses.push(of);
        }
        Ok(losses)
    }

    fn set(&self, to: &[Tensor]) -> Result<()> {
        let mut both = self.variables.iter().zip(to);
        both.try_for_each(|(variable, to)| variable.set(to))
    }
}

/// A variable's values, which stay when it changes.
fn values(variable: &Var) -> Result<Tensor> {
    variable.as_tensor().detach().copy()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// Tasks that want the one number to be theirs.
    fn pull(variable: &Var, to: f64) -> Result<Tensor> {
        (variable.as_tensor() - to)?.sqr()?.sum_all()
    }

    fn number(values: &[Tensor]) -> f32 {
        values[0].to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn reset_and_continue_begin_where_they_say() {
        let rates = Rates {
            alpha: 0.5,
            beta: 0.1,
        };
        let tasks: Vec<Task<f64>> = vec![vec![[10.0, 10.0]], vec![[10.0, 10.0]]];
        let run = |inner: Inner, steps: usize| {
            let variable = Var::from_slice(&[0f32], 1, &Device::Cpu).unwrap();
            let mut meta = Meta::new(vec![variable.clone()]);
            let mut loss = |to: &f64| pull(&variable, *to);
            let mut last = None;
            for _ in 0..steps {
                last = Some(meta.step(&tasks, inner, rates, &mut loss).unwrap());
            }
            let theta = number(&meta.theta().unwrap());
            let inner = meta.inner().map(number);
            (theta, inner, last.unwrap())
        };
        // Adam's first steps are of the rate's length: 1 per task.
        let (theta, inner, outer) = run(Inner::Reset, 1);
        assert!((number(&outer.update) + 1.0).abs() < 0.01);
        assert!((theta - 0.1).abs() < 0.01 && inner.is_none(), "{theta}");
        let (theta, inner, outer) = run(Inner::Continue, 1);
        assert!((number(&outer.update) + 1.5).abs() < 0.01);
        assert!((theta - 0.15).abs() < 0.01, "{theta}");
        assert!((inner.unwrap() - 2.0).abs() < 0.01);
        assert!(run(Inner::Continue, 2).1.unwrap() > 3.9);
        assert!(outer.losses[0][0][0] > outer.losses[1][0][0]);
    }

    #[test]
    fn nothing_changes_without_tasks() {
        let variable = Var::from_slice(&[3f32], 1, &Device::Cpu).unwrap();
        let mut meta = Meta::new(vec![variable.clone()]);
        let rates = Rates {
            alpha: 0.1,
            beta: 1.0,
        };
        let mut loss = |to: &f64| pull(&variable, *to);
        meta.step(&[], Inner::Reset, rates, &mut loss).unwrap();
        assert_eq!(number(&meta.theta().unwrap()), 3.0);
    }
}
