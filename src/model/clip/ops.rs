//! The layers of a transformer, each with two faces: one that infers as fast
//! as Candle can, and one that gradients flow through.
//!
//! They have to be told apart. Candle's fused LayerNorm and softmax have no
//! backward pass and cut gradients without a word, and its matrix product
//! computes the gradient of a weight even where nobody asked for it, at a
//! third of the cost of training. In training, every layer here computes its
//! value the fast way, outside the graph, and puts it into the graph together
//! with its gradient ([`with_gradient`]).

use std::sync::Mutex;

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, D, Layout, MetalStorage, Result, Shape, Storage, Tensor,
};

use super::config::QUICK_GELU;

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Values only.
    Infer,
    /// Values that gradients can be taken of.
    Train,
}

/// A linear layer, `x weightᵀ + bias`.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    /// [outputs, inputs].
    pub(super) weight: Tensor,
    /// [outputs].
    pub(super) bias: Option<Tensor>,
}

impl Linear {
    /// x [.., inputs] -> [.., outputs]
    pub(super) fn forward(&self, x: &Tensor, pass: Pass) -> Result<Tensor> {
        let mut dims = x.dims().to_vec();
        let inputs = dims.pop().unwrap_or(1);
        dims.push(self.weight.dim(0)?);
        let x = x.reshape(((), inputs))?;
        let learns = |tensor: &Tensor| pass == Pass::Train && tensor.track_op();
        let y = if learns(&self.weight) || self.bias.as_ref().is_some_and(learns) {
            self.apply(&x)?
        } else {
            let weight = self.weight.clone();
            let value = self.apply(&x.detach())?;
            with_gradient(pass, &x, value, "frozen-linear", move |_, _, gradient| {
                gradient.matmul(&weight)
            })?
        };
        y.reshape(dims)
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.matmul(&self.weight.t()?)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// The layer's outputs from `first` on.
    pub(super) fn outputs_from(&self, first: usize) -> Result<Self> {
        let cut = |tensor: &Tensor| tensor.narrow(0, first, tensor.dim(0)? - first);
        Ok(Self {
            weight: cut(&self.weight)?,
            bias: self.bias.as_ref().map(cut).transpose()?,
        })
    }
}

/// Normalises tokens to mean 0 and variance 1, then scales and shifts.
#[derive(Debug, Clone)]
pub(super) struct LayerNorm {
    /// [width].
    pub(super) weight: Tensor,
    /// [width].
    pub(super) bias: Tensor,
    pub(super) epsilon: f64,
}

impl LayerNorm {
    /// x [.., width] -> [.., width]
    pub(super) fn forward(&self, x: &Tensor, pass: Pass) -> Result<Tensor> {
        let (weight, bias) = (&self.weight, &self.bias);
        let epsilon = self.epsilon;
        let x = x.contiguous()?;
        let normal = |x: &Tensor, weight: &Tensor, bias: &Tensor| {
            candle_nn::ops::layer_norm(x, weight, bias, epsilon as f32)
        };
        let learns = pass == Pass::Train && (weight.track_op() || bias.track_op());
        if !learns {
            let weight = weight.clone();
            let value = normal(&x.detach(), &weight, bias)?;
            return with_gradient(pass, &x, value, "layer-norm", move |x, _, gradient| {
                normalised_gradient(x, &gradient.broadcast_mul(&weight)?, epsilon)
            });
        }
        let (one, zero) = (weight.ones_like()?, weight.zeros_like()?);
        let value = normal(&x.detach(), &one, &zero)?;
        let z = with_gradient(pass, &x, value, "normalise", move |x, _, gradient| {
            normalised_gradient(x, gradient, epsilon)
        })?;
        z.broadcast_mul(weight)?.broadcast_add(bias)
    }
}

/// The gradient that normalising x passes back: with z the normalised x,
/// `(g - mean(g) - z mean(g z)) / deviation`.
fn normalised_gradient(x: &Tensor, gradient: &Tensor, epsilon: f64) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let deviation = (variance + epsilon)?.sqrt()?;
    let z = centred.broadcast_div(&deviation)?;
    let along = (gradient * &z)?.mean_keepdim(D::Minus1)?;
    let centred = gradient.broadcast_sub(&gradient.mean_keepdim(D::Minus1)?)?;
    (centred - z.broadcast_mul(&along)?)?.broadcast_div(&deviation)
}

/// Softmax over the last dimension.
pub(super) fn softmax(x: &Tensor, pass: Pass) -> Result<Tensor> {
    let value = candle_nn::ops::softmax_last_dim(&x.detach().contiguous()?)?;
    with_gradient(pass, x, value, "softmax", |_, y, gradient| {
        let along = (gradient * y)?.sum_keepdim(D::Minus1)?;
        gradient.broadcast_sub(&along)? * y
    })
}

/// x sigmoid(1.702 x)
pub(super) fn quick_gelu(x: &Tensor, pass: Pass) -> Result<Tensor> {
    let sigmoid = |x: &Tensor| candle_nn::ops::sigmoid(&(x * QUICK_GELU)?);
    let detached = x.detach();
    let value = (&detached * sigmoid(&detached)?)?;
    with_gradient(pass, x, value, "quick-gelu", move |x, y, gradient| {
        let s = sigmoid(x)?;
        // s + 1.702 x s (1 - s), with x s = y
        let slope = (&s + ((y * s.affine(-1.0, 1.0)?)? * QUICK_GELU)?)?;
        gradient * slope
    })
}

/// Makes tokens of length 1.
pub(super) fn unit(x: &Tensor) -> Result<Tensor> {
    x.broadcast_div(&x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)
}

/// `value`, which was computed from `x` outside the graph, as a result of x in
/// the graph. `gradient` gives the gradient of x from x, the value and the
/// gradient of the value.
fn with_gradient(
    pass: Pass,
    x: &Tensor,
    value: Tensor,
    name: &'static str,
    gradient: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    if pass == Pass::Infer || !x.track_op() {
        return Ok(value);
    }
    x.apply_op1(Known {
        name,
        value: Mutex::new(Some(value)),
        gradient,
    })
}

/// An operation whose value is known already.
struct Known<G> {
    name: &'static str,
    /// Until it is put into the graph, so that it is not kept twice.
    value: Mutex<Option<Tensor>>,
    gradient: G,
}

impl<G> Known<G> {
    /// Takes the value out as a device's storage.
    fn take<S: BackendStorage>(
        &self,
        of_device: impl Fn(&Storage) -> Option<&S>,
    ) -> Result<(S, Shape)> {
        let value = self.value.lock().ok().and_then(|mut value| value.take());
        let Some(value) = value else {
            candle_core::bail!("{} was applied twice", self.name)
        };
        let value = value.contiguous()?;
        let (storage, layout) = value.storage_and_layout();
        match of_device(&storage) {
            Some(storage) => Ok((storage.try_clone(layout)?, value.shape().clone())),
            None => candle_core::bail!("{}: the value is on another device", self.name),
        }
    }
}

impl<G> CustomOp1 for Known<G>
where
    G: Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.take(|storage| match storage {
            Storage::Cpu(storage) => Some(storage),
            _ => None,
        })
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.take(|storage| match storage {
            Storage::Cuda(storage) => Some(storage),
            _ => None,
        })
    }

    fn metal_fwd(&self, _: &MetalStorage, _: &Layout) -> Result<(MetalStorage, Shape)> {
        self.take(|storage| match storage {
            Storage::Metal(storage) => Some(storage),
            _ => None,
        })
    }

    fn bwd(&self, x: &Tensor, value: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = (self.gradient)(&x.detach(), &value.detach(), gradient)?;
        Ok(Some(gradient))
    }
}
