//! The long texts of `--help` about images and their stores. Words only.

pub(in super::super) const IMAGE: &str = "\
Builds, lists, checks and removes images.

An image is what a guest starts from, instead of your own root file system. A recipe lists the steps that make it; \
each step becomes a layer, stored once under the hash of its inputs, so that only a changed step and those after it \
are built again.";

pub(in super::super) const IMAGE_AFTER: &str = "\
RECIPES
  images/NAME.toml:
      base     = \"debian:bookworm\"       # or ubuntu:, tar:, dir:, oci: and a path, oci://REGISTRY/NAME:TAG, host, or another image
      without  = [\"/opt/large\"]          # with base host: what else is left out
      keyring  = \"keys.gpg\"              # with base debian: or ubuntu:, whose keys verify packages; default: the host's
      packages = [\"nftables\"]            # Debian packages; on another base than these: by its apt
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
  The programs and settings of this host, copied once: /usr /bin /sbin /lib* /etc /opt /var. Left out are files that not all \
users may read (keys, passwords, data of services), homes, other mounts, files of caches and logs, directories tagged as caches, \
temporary files, and what identifies this host: machine-id, host name, fstab. The rest of / is empty.
  The copy does not change with the host; `image build --refresh NAME` makes a new one, which every image with base host gets \
at its next build.

EXAMPLES
  vm-test image build debian-12        a recipe that comes with vm-test
  vm-test image list
  vm-test image verify debian-12
  vm-test image machine debian-12      what VMs boot from: made now, not by the first test
  vm-test image commit worker-1 with-tools -- sh -c 'make install'
  vm-test shell worker-1 --commit with-tools
  vm-test image export debian-12 debian-12.tar
  vm-test image rm debian-12 with-tools && vm-test gc --images

REMOVAL
  `rm` removes each name at once, even while guests run from the image; its layers stay until they end.

VARIABLES
  VM_TEST_STORE  where images are [default: $XDG_DATA_HOME/vm-test or ~/.local/share/vm-test]";

pub(in super::super) const PREPARE: &str = "\
Builds every image that the guests of the nearest vm-test.toml name, and boots every VM among them once, so that no test has \
to wait for an image or a boot, or fails without it. Intended for CI and for setup scripts of nextest: images whose recipes are \
unchanged are not built again, and VMs that have booted since the host booted are not booted again.";

pub(in super::super) const PREPARE_AFTER: &str = "\
EXAMPLES
  vm-test prepare && cargo nextest run
  vm-test prepare --json | jq -r '.[] | select(.built) | .name'

JSON
  [{ name, digest, built }]; built is false if the image existed already

EXIT CODES
  0 all images exist, and all VMs boot; 1 one does not; 2 the command line is wrong";

pub(in super::super) const STORE: &str = "\
The store holds images and the layers they are made of. It is a directory, created when first needed, and may be on \
any file system that can be the lower layer of an overlay: ext4, xfs, btrfs, tmpfs.

On btrfs a guest can also have a snapshot of its image as its root (rollback = \"snapshot\" in vm-test.toml or at the test, or \
--rollback snapshot). What the guest writes is then kept on that disk and not in memory.";

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
  oci://REGISTRY/NAME:TAG@sha256:HEX       an image in a registry, with a tag, a digest or both; without either, the tag is
                                           latest. A digest counts more than a tag. Docker's own: oci://docker.io/library/NAME
  disk.qcow2, disk.img, disk.raw           a disk with a root file system on it: qcow2:PATH, raw:PATH
  machine.box                              a Vagrant box for libvirt: box:PATH

The format is taken from the name or the prefix, never guessed from the content. Archives are read to the end in a process \
without network and privileges before anything is unpacked. Device nodes below /dev are left out: guests get their own.

Of a registry, only the layers that the store lacks are fetched; each must have the digest and the size that the image names. \
If the connection is cut, it goes on where it was. A build looks a tag up, by one request (and two for a token, if the registry \
wants one); for a digest whose layers are in the store, it asks for nothing. Names and passwords are those of docker, in \
$DOCKER_CONFIG/config.json or ~/.docker/config.json, its credential helpers included. Registries on this host are reached by plain \
HTTP, all others by TLS, unless VM_TEST_PLAIN_HTTP names them.

A disk is opened by a VM of image debian-12 only, which is built first if it is missing, and is never written to. Its \
root is the one file system (ext4, xfs, btrfs; on a partition or on the whole disk) that has /etc/os-release, with what its \
/etc/fstab mounts there; a part that is not on the disk is an error.

A directory that a layer only implies stays as it is in the layers below; if it is a symbolic link there, the layer's files go \
to its target. If an image has several kernels with modules, the newest becomes the image's kernel; its bootloader is never run.

EXAMPLES
  vm-test image import alpine alpine-minirootfs.tar.gz
  vm-test image import cloud debian-12-genericcloud-amd64.qcow2
  vm-test image import nginx oci://docker.io/library/nginx:1.29
  skopeo copy docker://nginx oci:nginx; vm-test image import nginx oci:nginx

VARIABLES
  VM_TEST_IMAGE_LIMIT    how much an archive may unpack to [default: 20G]
  VM_TEST_PLAIN_HTTP     registries to reach without encryption, as in registry.lan:5000,10.0.0.7:5000
  HTTPS_PROXY, NO_PROXY  how registries on other hosts are reached
  SSL_CERT_FILE          the certificates to trust instead of this system's";
