//! A graphics processor through wgpu: choosing one, and noticing when it fails.

use std::sync::{Arc, Mutex, PoisonError};

use wgpu::{
    Adapter, AdapterInfo, Backends, Device, DeviceDescriptor, DeviceType, ErrorFilter, Instance,
    InstanceDescriptor, Queue,
};

use crate::guard::guarded;

/// Why a graphics processor does not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// There is none, or none that may be used.
    #[error("no graphics driver offers a device")]
    None,
    /// Its memory is too small.
    #[error("its memory does not suffice")]
    Memory,
    /// Its driver broke down or refused; what it said.
    #[error("{0}")]
    Failed(String),
}

/// An open graphics processor.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) device: Device,
    pub(super) queue: Queue,
    pub(super) info: AdapterInfo,
    /// What its driver reported outside of any call.
    trouble: Arc<Mutex<Option<String>>>,
}

impl Context {
    /// Opens the best graphics processor; one that is only software where `software`
    /// allows it and there is no other.
    pub(super) fn open(software: bool) -> Result<Self, GpuError> {
        // Drivers are foreign code.
        guarded(|| pollster::block_on(open(software)))
            .unwrap_or_else(|panic| Err(GpuError::Failed(panic)))
    }

    /// Does something that the driver may refuse.
    pub(super) fn checked<T>(&self, work: impl FnOnce() -> T) -> Result<T, GpuError> {
        let memory = self.device.push_error_scope(ErrorFilter::OutOfMemory);
        let internal = self.device.push_error_scope(ErrorFilter::Internal);
        let validation = self.device.push_error_scope(ErrorFilter::Validation);
        let done = work();
        let refused = [validation, internal].map(|scope| pollster::block_on(scope.pop()));
        if pollster::block_on(memory.pop()).is_some() {
            return Err(GpuError::Memory);
        }
        match refused.into_iter().flatten().next() {
            Some(error) => Err(GpuError::Failed(error.to_string())),
            None => Ok(done),
        }
    }

    /// Whether the device is as it should be.
    pub(super) fn sound(&self) -> Result<(), GpuError> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match &*trouble {
            Some(reason) => Err(GpuError::Failed(reason.clone())),
            None => Ok(()),
        }
    }
}

async fn open(software: bool) -> Result<Context, GpuError> {
    let instance = Instance::new(InstanceDescriptor {
        backends: Backends::PRIMARY,
        ..InstanceDescriptor::new_without_display_handle()
    });
    let adapters = instance.enumerate_adapters(Backends::PRIMARY).await;
    let usable = |adapter: &Adapter| software || rank(adapter) > 0;
    let adapter = adapters.into_iter().filter(usable).max_by_key(rank);
    let adapter = adapter.ok_or(GpuError::None)?;
    let info = adapter.get_info();
    let (device, queue) = adapter
        .request_device(&DeviceDescriptor {
            label: Some("keepers"),
            // Large maps need more than what every device has.
            required_limits: adapter.limits(),
            ..DeviceDescriptor::default()
        })
        .await
        .map_err(|error| GpuError::Failed(error.to_string()))?;
    let trouble = Arc::new(Mutex::new(None));
    let report = |trouble: &Arc<Mutex<Option<String>>>| {
        let trouble = Arc::clone(trouble);
        move |reason: String| {
            let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
            trouble.get_or_insert(reason);
        }
    };
    let (error, lost) = (report(&trouble), report(&trouble));
    device.on_uncaptured_error(Arc::new(move |reason: wgpu::Error| {
        error(reason.to_string());
    }));
    device.set_device_lost_callback(move |_, reason| lost(format!("it was lost: {reason}")));
    Ok(Context {
        device,
        queue,
        info,
        trouble,
    })
}

/// How good a graphics processor is to be expected; 0 for mere software.
fn rank(adapter: &Adapter) -> u8 {
    match adapter.get_info().device_type {
        DeviceType::DiscreteGpu => 4,
        DeviceType::IntegratedGpu => 3,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 1,
        DeviceType::Cpu => 0,
    }
}
