/* The first program of a machine that the bench boots. It says that it runs; or, where BENCH_ROOT is set, it does what an
   initrd does: loads the drivers that came along, makes the disk the root, and becomes the image's own init. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load(const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "/modules/%s.ko", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0)
		printf("module %s: %m\n", name);
	close(fd);
}

static int enter_root(void)
{
	/* Its driver is there; the disk follows. */
	for (int tries = 0; mount("/dev/vda", "/newroot", "ext4", 0, 0) != 0; tries++) {
		if (tries == 10000)
			return -1;
		usleep(1000);
	}
	if (mount("/dev", "/newroot/dev", 0, MS_MOVE, 0) != 0 || chdir("/newroot") != 0)
		return -1;
	if (mount(".", "/", 0, MS_MOVE, 0) != 0 || chroot(".") != 0)
		return -1;
	return chdir("/");
}

int main(void)
{
	char line[256];
	if (!getenv("BENCH_ROOT")) {
		puts("this is the first program");
		fflush(stdout);
		for (;;)
			pause();
	}
	FILE *order = fopen("/modules/order", "r");
	while (order && fgets(line, sizeof line, order)) {
		/* Behind the name may stand that it is optional. */
		line[strcspn(line, " \n")] = 0;
		load(line);
	}
	mount("dev", "/dev", "devtmpfs", 0, 0);
	if (enter_root() == 0)
		execl("/sbin/init", "/sbin/init", (char *)0);
	printf("no root: %m\n");
	fflush(stdout);
	return 1;
}
