//! The box around a module of any type.

// What the macro names.
pub(crate) use super::adapters::{AnyMapper, AnyVisitor, Erasing, Typed};

/// Defines a `Module` that holds any module of one trait: its type, its methods and the object-safe trait behind it.
macro_rules! erased_module {
    (
        $(#[$about:meta])*
        $any:ident($erased:ident: $of:ident) {
            $( $(#[$doc:meta])* fn $method:ident(&self $(, $argument:ident: $type:ty)*) -> $output:ty; )*
        }
    ) => {
        $(#[$about])*
        pub struct $any(Box<dyn $erased>);

        impl $any {
            /// Forgets the type of `module`.
            pub fn new(module: impl $of) -> Self {
                Self(Box::new(module))
            }

            $(
                $(#[$doc])*
                pub fn $method(&self $(, $argument: $type)*) -> $output {
                    self.0.$method($($argument),*)
                }
            )*
        }

        impl Clone for $any {
            fn clone(&self) -> Self {
                Self(self.0.clone_box())
            }
        }

        impl std::fmt::Debug for $any {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt_debug(f)
            }
        }

        impl burn::module::ModuleDisplayDefault for $any {
            fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
                content.set_top_level_type(self.0.type_name()).optional()
            }

            fn num_params(&self) -> usize {
                burn::module::Module::num_params(self)
            }
        }

        impl burn::module::ModuleDisplay for $any {}

        impl burn::module::Module for $any {
            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices {
                self.0.collect_devices(devices)
            }

            fn fork(self, device: &burn::tensor::Device) -> Self {
                Self(self.0.fork(device))
            }

            fn to_device(self, device: &burn::tensor::Device) -> Self {
                Self(self.0.to_device(device))
            }

            fn train(self) -> Self {
                Self(self.0.train())
            }

            fn valid(&self) -> Self {
                Self(self.0.valid())
            }

            fn materialize(self) -> Self {
                Self(self.0.materialize())
            }

            fn visit<V: burn::module::ModuleVisitor>(&self, visitor: &mut V) {
                self.0.visit(&mut $crate::erased::boxed::Typed(visitor));
            }

            fn map<M: burn::module::ModuleMapper>(self, mapper: &mut M) -> Self {
                Self(self.0.map(&mut $crate::erased::boxed::Typed(mapper)))
            }
        }

        /// The object-safe side of it.
        trait $erased: Send + Sync {
            $( fn $method(&self $(, $argument: $type)*) -> $output; )*
            fn type_name(&self) -> &'static str;
            fn clone_box(&self) -> Box<dyn $erased>;
            fn fmt_debug(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result;
            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices;
            fn fork(self: Box<Self>, device: &burn::tensor::Device) -> Box<dyn $erased>;
            fn to_device(self: Box<Self>, device: &burn::tensor::Device) -> Box<dyn $erased>;
            fn train(self: Box<Self>) -> Box<dyn $erased>;
            fn valid(&self) -> Box<dyn $erased>;
            fn materialize(self: Box<Self>) -> Box<dyn $erased>;
            fn visit(&self, visitor: &mut dyn $crate::erased::boxed::AnyVisitor);
            fn map(self: Box<Self>, mapper: &mut dyn $crate::erased::boxed::AnyMapper) -> Box<dyn $erased>;
        }

        impl<T: $of> $erased for T {
            $(
                fn $method(&self $(, $argument: $type)*) -> $output {
                    $of::$method(self $(, $argument)*)
                }
            )*

            fn type_name(&self) -> &'static str {
                let path = std::any::type_name::<T>();
                path.rsplit("::").next().unwrap_or(path)
            }

            fn clone_box(&self) -> Box<dyn $erased> {
                Box::new(self.clone())
            }

            fn fmt_debug(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self, f)
            }

            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices {
                burn::module::Module::collect_devices(self, devices)
            }

            fn fork(self: Box<Self>, device: &burn::tensor::Device) -> Box<dyn $erased> {
                Box::new(burn::module::Module::fork(*self, device))
            }

            fn to_device(self: Box<Self>, device: &burn::tensor::Device) -> Box<dyn $erased> {
                Box::new(burn::module::Module::to_device(*self, device))
            }

            fn train(self: Box<Self>) -> Box<dyn $erased> {
                Box::new(burn::module::Module::train(*self))
            }

            fn valid(&self) -> Box<dyn $erased> {
                Box::new(burn::module::Module::valid(self))
            }

            fn materialize(self: Box<Self>) -> Box<dyn $erased> {
                Box::new(burn::module::Module::materialize(*self))
            }

            fn visit(&self, visitor: &mut dyn $crate::erased::boxed::AnyVisitor) {
                burn::module::Module::visit(self, &mut $crate::erased::boxed::Erasing(visitor));
            }

            fn map(self: Box<Self>, mapper: &mut dyn $crate::erased::boxed::AnyMapper) -> Box<dyn $erased> {
                Box::new(burn::module::Module::map(*self, &mut $crate::erased::boxed::Erasing(mapper)))
            }
        }
    };
}
pub(crate) use erased_module;
