//! The long texts of `--help` about images and their stores. Words only.

pub(in super::super) const IMAGE: &str = "\
Builds, lists, checks and removes images.

An image is what a guest starts from, instead of your own root file system. A recipe says step by step what is in it; \
each step becomes a layer, which is stored once under the hash of all that went into it, so that a changed step makes \
only itself and those after it anew.";

pub(in super::super) const IMAGE_AFTER: &str = "\
RECIPES
  images/NAME.toml:
      base     = \"debian:bookworm\"       # or tar:, dir:, oci: and a path, host, or another image
      without  = [\"/opt/large\"]          # with base host: what is left out besides
      packages = [\"nftables\"]            # Debian packages, with base debian:
      kernel   = \"linux-image-cloud-amd64\"   # for VMs; or \"none\", or { vmlinuz = PATH, modules = DIRECTORY }
      [[users]]
      name   = \"tester\"                # and, if wanted: id, groups, shell
      [[files]]
      from = \"nginx.conf\"                # beside the recipe
      to   = \"/etc/nginx/nginx.conf\"
      mode = \"0644\"
      [[run]]
      command = \"nginx -t\"               # by the image's shell, in a container
      network = false

BASE HOST
  The programs and settings of this host, copied once: /usr /bin /sbin /lib* /etc /opt /var. Left out are what not everybody \
may read (keys, passwords, data of services), homes, other mounts, files of caches and logs, directories tagged as caches, \
temporary files, and what makes this machine itself: machine-id, host name, fstab. All else of / is empty.
  The copy stays as it is, whatever becomes of the host; `image build --refresh NAME` makes another, which every image on the \
host gets when it is built next.

EXAMPLES
  vm-test image build debian-12        a recipe that comes with vm-test
  vm-test image list
  vm-test image verify debian-12
  vm-test image machine debian-12      what machines boot from: made now, not by the first test
  vm-test image commit worker-1 with-tools -- sh -c 'make install'
  vm-test shell worker-1 --commit with-tools
  vm-test image export debian-12 debian-12.tar
  vm-test image rm debian-12 && vm-test gc --images

REMOVAL
  `rm` takes the name away at once, also while guests run from the image; its layers stay until they end.

VARIABLES
  VM_TEST_STORE  where images are [default: $XDG_DATA_HOME/vm-test or ~/.local/share/vm-test]";

pub(in super::super) const PREPARE: &str = "\
Builds every image that the guests of the nearest vm-test.toml name, and boots every machine among them once, so that no test has \
to wait for one or fails without it. Made for CI and for setup scripts of nextest: images that are there, with recipes that are \
unchanged, are not built again, and a machine that has booted since the host did is only copied.";

pub(in super::super) const PREPARE_AFTER: &str = "\
EXAMPLES
  vm-test prepare && cargo nextest run
  vm-test prepare --json | jq -r '.[] | select(.built) | .name'

JSON
  [{ name, digest, built }]; built is false if the image was there already

EXIT CODES
  0 all images are there, and all machines can boot; 1 one cannot; 2 the command line is wrong";

pub(in super::super) const STORE: &str = "\
The store holds images and the layers they are made of. It is a directory, made when it is first needed, and may be on \
any file system that overlays can have below them: ext4, xfs, btrfs, tmpfs.

On btrfs a guest can also have a snapshot of its image as its root (rollback = \"snapshot\" in vm-test.toml or at the test, or \
--rollback snapshot). What it writes is then on that disk and not in memory.";

pub(in super::super) const STORE_AFTER: &str = "\
EXAMPLES
  vm-test store create --btrfs --size 20G
  vm-test store create --btrfs --size 20G --owner ann --at /home/ann/.local/share/vm-test
  vm-test run --rollback snapshot --image debian-12 host -- findmnt /

VARIABLES
  VM_TEST_STORE  where images are [default: $XDG_DATA_HOME/vm-test or ~/.local/share/vm-test]";

pub(in super::super) const IMPORT_AFTER: &str = "\
SOURCES
  rootfs.tar, .tar.gz, .tar.xz, .tar.zst   a root file system, packed: tar:PATH
  a directory                              a root file system: dir:PATH
  a directory with the file oci-layout     an OCI image: oci:PATH, oci:PATH@sha256:HEX; also as a tar archive, and as
                                           docker save writes it
  disk.qcow2, disk.img, disk.raw           a disk with a root file system on it: qcow2:PATH, raw:PATH
  machine.box                              a Vagrant box for libvirt: box:PATH

What a file is, its name or you say; content is not guessed from. Archives are read to their end in a process without \
network and without rights before anything is unpacked. Device nodes below /dev are left out: guests get their own.

A disk is opened by a VM of image debian-12 only, which is built first if it is missing, and is never written to. Its \
root is the one file system (ext4, xfs, btrfs; on a partition or on the whole disk) that has /etc/os-release, with what its \
/etc/fstab mounts there; a part that is not on the disk is an error.

A directory that a layer only implies stays as the layers below have it; where they have a link in its place, the layer's \
files go where the link leads. The newest of an image's kernels that have modules becomes the image's; its bootloader is never run.

EXAMPLES
  vm-test image import alpine alpine-minirootfs.tar.gz
  vm-test image import cloud debian-12-genericcloud-amd64.qcow2
  skopeo copy docker://nginx oci:nginx; vm-test image import nginx oci:nginx

VARIABLES
  VM_TEST_IMAGE_LIMIT  how much an archive may unpack to [default: 20G]";
