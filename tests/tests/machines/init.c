/* The first process of a machine under test: loads the modules in the order that came along, mounts the first disk, says
   what it found, and turns the machine off. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* A driver that a machine can do without may find that its device is not there. */
static int load(const char *name, int optional)
{
	char path[256];
	snprintf(path, sizeof path, "/modules/%s.ko", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && !(optional && errno == ENODEV))) {
		printf("module %s: %m\n", name);
		return 0;
	}
	close(fd);
	return 1;
}

int main(void)
{
	char line[256], path[512];
	struct utsname self;
	struct stat shadow;
	int modules = 0;
	FILE *order = fopen("/modules/order", "r");
	while (order && fgets(line, sizeof line, order)) {
		int optional = strstr(line, " optional") != NULL;
		line[strcspn(line, " \n")] = 0;
		modules += load(line, optional);
	}
	mount("dev", "/dev", "devtmpfs", 0, 0);
	if (mount("/dev/vda", "/newroot", "ext4", MS_RDONLY, 0) != 0)
		printf("mount: %m\n");
	FILE *version = fopen("/newroot/etc/debian_version", "r");
	if (!version || !fgets(line, sizeof line, version))
		strcpy(line, "none");
	line[strcspn(line, "\n")] = 0;
	uname(&self);
	snprintf(path, sizeof path, "/newroot/lib/modules/%s/modules.dep.bin", self.release);
	memset(&shadow, 0xff, sizeof shadow);
	stat("/newroot/etc/shadow", &shadow);
	printf("kernel %s debian %s loaded %d indexes %d shadow %d:%d %o\n", self.release, line, modules,
	       access(path, R_OK) == 0, shadow.st_uid, shadow.st_gid, shadow.st_mode & 07777);
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
