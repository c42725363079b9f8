//! What of a guest concerns its set-up, which runs in a container whatever the guest is. Runs
//! nothing.

use super::{Backend, Guest};

impl Guest {
    /// Returns the container in which its set-up runs.
    ///
    /// What only a VM has is left out, and so is what nobody but its tests needs.
    #[must_use]
    pub fn for_set_up(mut self) -> Self {
        if self.backend == Backend::Kvm {
            self.backend = Backend::Lxc;
            self.modules.clear();
            self.devices.clear();
        }
        self.accelerator = None;
        self.kernel = None;
        self.disks.clear();
        self.interfaces = 0;
        self.forward.clear();
        self.export.clear();
        self.keep = false;
        self.rollback = None;
        self.init = None;
        self
    }

    /// Returns what tells the results of one set-up in different guests apart, as text that is
    /// only compared.
    #[must_use]
    pub fn words_for_set_up(&self) -> String {
        let Self {
            timeout,
            boot_timeout,
            keep_for,
            ..
        } = Self::new(&self.name).unwrap_or_else(|_| self.clone());
        let same = Self {
            timeout,
            boot_timeout,
            keep_for,
            ..self.clone().for_set_up()
        };
        format!("{same:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_settings::guest::Setting;

    fn guest(settings: &[Setting]) -> Guest {
        let mut guest = Guest::new("a").unwrap();
        for setting in settings {
            guest.set(setting).unwrap();
        }
        guest
    }

    #[test]
    fn a_vm_and_a_container_of_the_same_image_have_the_same_set_up() {
        let image = || Setting::Image("debian-12".into());
        let vm = guest(&[
            Setting::Backend("kvm".into()),
            image(),
            Setting::Accelerator("tcg".into()),
            Setting::Kernel("linux-image-amd64".into()),
            Setting::Disks(vec![64 << 20].into()),
            Setting::Init("system".into()),
            Setting::Timeout(1_000),
            Setting::Keep("on-failure".into()),
        ]);
        let container = guest(&[image()]);
        assert_eq!(vm.words_for_set_up(), container.words_for_set_up());
        let guest = vm.for_set_up();
        assert_eq!((guest.backend, guest.timeout), (Backend::Lxc, 1_000));
    }

    #[test]
    fn what_a_set_up_can_see_tells_its_results_apart() {
        let plain = guest(&[]).words_for_set_up();
        for setting in [
            Setting::Memory(1 << 30),
            Setting::Cpus(2),
            Setting::Network("user".into()),
            Setting::Env(vec!["A".into()].into()),
        ] {
            assert_ne!(
                guest(std::slice::from_ref(&setting)).words_for_set_up(),
                plain,
                "{setting:?}"
            );
        }
    }
}
