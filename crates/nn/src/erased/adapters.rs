//! Between a module's generic visitors and mappers and the object-safe ones of the box.

use std::any::Any;

use burn::module::{Flag, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

/// A visitor that takes parameters without their types.
pub(crate) trait AnyVisitor {
    fn enter(&mut self, name: &str, container: &str);
    fn exit(&mut self, name: &str, container: &str);
    fn parameter(&mut self, parameter: &dyn Any);
}

/// A mapper that takes and returns parameters without their types.
pub(crate) trait AnyMapper {
    fn enter(&mut self, name: &str, container: &str);
    fn exit(&mut self, name: &str, container: &str);
    /// Replaces the `Option<Param<…>>` behind the reference.
    fn parameter(&mut self, parameter: &mut dyn Any);
}

/// Inside the box: typed calls become untyped ones.
pub(crate) struct Erasing<T>(pub(crate) T);

impl ModuleVisitor for Erasing<&mut dyn AnyVisitor> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.parameter(param);
    }
    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.parameter(param);
    }
    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.parameter(param);
    }
    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.0.parameter(flag);
    }
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }
    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

impl Erasing<&mut dyn AnyMapper> {
    fn pass<P: Any>(&mut self, param: P) -> P {
        let mut slot = Some(param);
        self.0.parameter(&mut slot);
        #[expect(
            clippy::expect_used,
            reason = "a parameter cannot be made up, and a mapper has no way to fail"
        )]
        slot.expect("Typed::replace puts back what it takes")
    }
}

impl ModuleMapper for Erasing<&mut dyn AnyMapper> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.pass(param)
    }
    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        self.pass(param)
    }
    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        self.pass(param)
    }
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.pass(flag)
    }
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }
    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

/// Outside the box: untyped calls become typed ones again.
pub(crate) struct Typed<'a, T>(pub(crate) &'a mut T);

/// Runs `$body` with `$rank` set to each rank a parameter can have.
macro_rules! for_each_rank {
    ($body:ident) => {
        $body!(1, 2, 3, 4, 5, 6)
    };
}

impl<V: ModuleVisitor> AnyVisitor for Typed<'_, V> {
    fn enter(&mut self, name: &str, container: &str) {
        self.0.enter_module(name, container);
    }

    fn exit(&mut self, name: &str, container: &str) {
        self.0.exit_module(name, container);
    }

    fn parameter(&mut self, parameter: &dyn Any) {
        if let Some(flag) = parameter.downcast_ref::<Param<Flag>>() {
            return self.0.visit_flag(flag);
        }
        macro_rules! try_ranks {
            ($($rank:literal),*) => { $(
                if let Some(param) = parameter.downcast_ref::<Param<Tensor<$rank>>>() {
                    return self.0.visit_float(param);
                }
                if let Some(param) = parameter.downcast_ref::<Param<Tensor<$rank, Int>>>() {
                    return self.0.visit_int(param);
                }
                if let Some(param) = parameter.downcast_ref::<Param<Tensor<$rank, Bool>>>() {
                    return self.0.visit_bool(param);
                }
            )* };
        }
        for_each_rank!(try_ranks);
        unreachable!("a parameter is a flag or a tensor of rank 1 to 6");
    }
}

impl<M: ModuleMapper> Typed<'_, M> {
    /// Passes the parameter through `map` if it is of type `P`.
    fn replace<P: Any>(&mut self, parameter: &mut dyn Any, map: impl FnOnce(&mut M, P) -> P) -> bool {
        let Some(slot) = parameter.downcast_mut::<Option<P>>() else {
            return false;
        };
        *slot = slot.take().map(|param| map(self.0, param));
        true
    }
}

impl<M: ModuleMapper> AnyMapper for Typed<'_, M> {
    fn enter(&mut self, name: &str, container: &str) {
        self.0.enter_module(name, container);
    }

    fn exit(&mut self, name: &str, container: &str) {
        self.0.exit_module(name, container);
    }

    fn parameter(&mut self, parameter: &mut dyn Any) {
        if self.replace::<Param<Flag>>(parameter, M::map_flag) {
            return;
        }
        macro_rules! try_ranks {
            ($($rank:literal),*) => { $(
                if self.replace::<Param<Tensor<$rank>>>(parameter, M::map_float)
                    || self.replace::<Param<Tensor<$rank, Int>>>(parameter, M::map_int)
                    || self.replace::<Param<Tensor<$rank, Bool>>>(parameter, M::map_bool)
                {
                    return;
                }
            )* };
        }
        for_each_rank!(try_ranks);
        unreachable!("a parameter is a flag or a tensor of rank 1 to 6");
    }
}
