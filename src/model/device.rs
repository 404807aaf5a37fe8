//! The devices that networks run on. Everything that differs between them,
//! and every feature of the build that adds one, is in this file.

use std::fmt;
use std::str::FromStr;

use candle_core::Device as CandleDevice;

/// Where a model runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The best device of this machine that the model can use.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA card, by its number.
    Cuda(usize),
    /// An Apple graphics processor.
    Metal,
    /// Any graphics processor, through wgpu.
    Wgpu,
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No device is called that.
    #[error("there is no device \"{0}\"; known are auto, cpu, cuda, cuda:N, metal and wgpu")]
    Unknown(String),
    /// This build leaves it out.
    #[error("{device} is not in this build of Keepers: {remedy}")]
    NotBuilt {
        /// The device.
        device: &'static str,
        /// What would put it in.
        remedy: &'static str,
    },
    /// It is in this build, but not in this machine.
    #[error("{device} cannot be used: {reason}")]
    Missing {
        /// The device.
        device: String,
        /// What its driver said.
        reason: String,
    },
    /// The model runs on the processor alone.
    #[error("the model \"{model}\" runs on the processor only; leave --device at auto or cpu")]
    ProcessorOnly {
        /// The model.
        model: String,
    },
}

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_owned());
        Ok(match text.to_ascii_lowercase().as_str() {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "cuda" => Self::Cuda(0),
            "metal" => Self::Metal,
            "wgpu" => Self::Wgpu,
            other => match other.strip_prefix("cuda:") {
                Some(number) => Self::Cuda(number.parse().map_err(|_| unknown())?),
                None => return Err(unknown()),
            },
        })
    }
}

impl fmt::Display for Device {
    /// The name that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal => f.write_str("metal"),
            Self::Wgpu => f.write_str("wgpu"),
        }
    }
}

impl Device {
    /// The devices of this machine that this build can use, the processor first.
    pub fn working() -> Vec<Self> {
        let opens = |device: &Self| device.open().is_ok();
        let cards = (0..).map(Self::Cuda).take_while(opens);
        let metal = Some(Self::Metal).filter(opens);
        std::iter::once(Self::Cpu)
            .chain(cards)
            .chain(metal)
            .collect()
    }

    /// Makes sure that a model which runs on the processor alone was not asked
    /// for elsewhere.
    ///
    /// # Errors
    /// [`DeviceError::ProcessorOnly`] when it was.
    pub fn only_processor(self, model: &str) -> Result<(), DeviceError> {
        match self {
            Self::Auto | Self::Cpu => Ok(()),
            Self::Cuda(_) | Self::Metal | Self::Wgpu => Err(DeviceError::ProcessorOnly {
                model: model.to_owned(),
            }),
        }
    }

    /// The device as Candle knows it; `Auto` falls back to the processor.
    ///
    /// # Errors
    /// [`DeviceError`] when it is not in this build or this machine.
    pub fn open(self) -> Result<CandleDevice, DeviceError> {
        match self {
            Self::Cpu => Ok(CandleDevice::Cpu),
            Self::Auto => Ok(cuda(0).or_else(|_| metal()).unwrap_or(CandleDevice::Cpu)),
            Self::Cuda(number) => cuda(number),
            Self::Metal => metal(),
            Self::Wgpu => Err(DeviceError::NotBuilt {
                device: "wgpu",
                remedy: "networks do not run on it yet; auto takes the best there is",
            }),
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda(number: usize) -> Result<CandleDevice, DeviceError> {
    CandleDevice::new_cuda(number).map_err(|error| DeviceError::Missing {
        device: format!("cuda:{number}"),
        reason: error.to_string(),
    })
}

#[cfg(not(feature = "cuda"))]
fn cuda(_number: usize) -> Result<CandleDevice, DeviceError> {
    Err(DeviceError::NotBuilt {
        device: "cuda",
        remedy: "build it with --features cuda where NVIDIA's CUDA toolkit is installed",
    })
}

#[cfg(feature = "metal")]
fn metal() -> Result<CandleDevice, DeviceError> {
    CandleDevice::new_metal(0).map_err(|error| DeviceError::Missing {
        device: "metal".to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(not(feature = "metal"))]
fn metal() -> Result<CandleDevice, DeviceError> {
    Err(DeviceError::NotBuilt {
        device: "metal",
        remedy: "build it with --features metal on a Mac",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_by_their_names() {
        for (text, device) in [
            ("auto", Device::Auto),
            ("CPU", Device::Cpu),
            ("cuda", Device::Cuda(0)),
            ("cuda:3", Device::Cuda(3)),
            ("metal", Device::Metal),
            ("wgpu", Device::Wgpu),
        ] {
            assert_eq!(text.parse::<Device>().unwrap(), device);
            assert_eq!(device.to_string(), text.to_ascii_lowercase());
        }
        assert_eq!(Device::working().first(), Some(&Device::Cpu));
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x"] {
            let error = text.parse::<Device>().unwrap_err().to_string();
            assert!(error.contains("there is no device"), "{error}");
        }
    }

    #[test]
    fn what_is_not_there_says_what_is_missing() {
        assert!(Device::Cpu.open().is_ok() && Device::Auto.open().is_ok());
        let error = Device::Wgpu.open().unwrap_err().to_string();
        assert!(error.contains("wgpu is not in this build"), "{error}");
        if cfg!(not(feature = "cuda")) {
            let error = Device::Cuda(0).open().unwrap_err().to_string();
            assert!(error.contains("--features cuda"), "{error}");
        }
        assert!(Device::Cuda(0).only_processor("keepers-compact").is_err());
    }
}
