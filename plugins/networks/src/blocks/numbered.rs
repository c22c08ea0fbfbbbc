//! A list of layers whose names end in numbers.

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
};
use burn::tensor::Device;

/// Layers called `layer1`, `layer2` and so on in weight files, where those of a `Vec` are called `0`, `1`.
#[derive(Clone, Debug)]
pub struct Numbered<M> {
    name: &'static str,
    layers: Vec<M>,
}

impl<M: Module> Numbered<M> {
    /// The layers in order, counted from 1.
    pub fn new(name: &'static str, layers: Vec<M>) -> Self {
        Self { name, layers }
    }

    /// The layers in order.
    pub fn iter(&self) -> impl Iterator<Item = &M> {
        self.layers.iter()
    }

    fn each(self, change: impl FnMut(M) -> M) -> Self {
        Self {
            layers: self.layers.into_iter().map(change).collect(),
            ..self
        }
    }
}

impl<M: Module> Module for Numbered<M> {
    fn collect_devices(&self, devices: Devices) -> Devices {
        let layers = self.layers.iter();
        layers.fold(devices, |devices, layer| layer.collect_devices(devices))
    }

    fn fork(self, device: &Device) -> Self {
        self.each(|layer| layer.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.each(|layer| layer.to_device(device))
    }

    fn train(self) -> Self {
        self.each(Module::train)
    }

    fn valid(&self) -> Self {
        Self {
            name: self.name,
            layers: self.layers.iter().map(Module::valid).collect(),
        }
    }

    fn materialize(self) -> Self {
        self.each(Module::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        for (index, layer) in self.layers.iter().enumerate() {
            let name = format!("{}{}", self.name, index + 1);
            visitor.enter_module(&name, "Vec");
            layer.visit(visitor);
            visitor.exit_module(&name, "Vec");
        }
    }

    fn map<T: ModuleMapper>(self, mapper: &mut T) -> Self {
        let (name, mut index) = (self.name, 0);
        self.each(|layer| {
            index += 1;
            let name = format!("{name}{index}");
            mapper.enter_module(&name, "Vec");
            let layer = layer.map(mapper);
            mapper.exit_module(&name, "Vec");
            layer
        })
    }
}

impl<M: Module + ModuleDisplay> ModuleDisplayDefault for Numbered<M> {
    fn content(&self, content: Content) -> Option<Content> {
        let numbered = self.layers.iter().enumerate();
        numbered
            .fold(content, |content, (index, layer)| {
                content.add(&format!("{}{}", self.name, index + 1), layer)
            })
            .optional()
    }

    fn num_params(&self) -> usize {
        self.layers.iter().map(Module::num_params).sum()
    }
}

impl<M: Module + ModuleDisplay> ModuleDisplay for Numbered<M> {}
