# What a process finds around it, a line each: KEY = VALUE. For any sh.
say() { printf '%s = %s\n' "$1" "$2"; }
# systemd mounts it as soon as somebody looks.
ls /proc/sys/fs/binfmt_misc > /dev/null 2>&1
for name in Umask Groups SigBlk SigIgn CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do
    say "status $name" "$(sed -n "s/^$name:[[:space:]]*//p" /proc/self/status)"
done
# Of processes and pending signals there may be as many as memory has room for.
awk 'NR > 1 && !/pending|processes/ { name = substr($0, 5, 22); sub(/ *$/, "", name)
    soft = substr($0, 27, 21); hard = substr($0, 48, 21); gsub(/ /, "", soft); gsub(/ /, "", hard)
    print "limit " name " = " soft " " hard }' /proc/self/limits
set -- $(cut -d')' -f2 /proc/self/stat)
[ "$4" -gt 0 ] && session=one || session=none
say session "$session"
say nice "${17}"
say "self cgroup" "$(head -n 1 /proc/self/cgroup | sed 's/session-[0-9]*/session-N/')"
for name in oom_score_adj timerslack_ns coredump_filter personality loginuid; do
    say "self $name" "$(head -c 500 /proc/self/$name 2>&1 | head -n 1)"
done
case $(cat /proc/self/sessionid) in 4294967295) say "self sessionid" none ;; *) say "self sessionid" one ;; esac
say "self uid_map" "$(echo $(cat /proc/self/uid_map))"
for place in / /dev /dev/pts /dev/shm /dev/mqueue /dev/hugepages /proc /proc/sys/fs/binfmt_misc /run /run/lock /run/user/0 \
    /sys /sys/fs/cgroup /sys/fs/bpf /sys/fs/pstore /sys/fs/fuse/connections /sys/kernel/security /sys/kernel/debug \
    /sys/kernel/tracing /sys/kernel/config /tmp; do
    # The last of those that lie above each other.
    line=$(awk -v place="$place" '$5 == place { shared = ""; for (i = 7; $i != "-"; i++) shared = shared " " $i
        sub(/:[0-9]+/, "", shared); found = $(i + 1) " " $6 shared } END { print found }' /proc/self/mountinfo)
    say "mount $place" "${line:-none}"
done
for node in autofs btrfs-control console core cuse fd full fuse hugepages kmsg kvm log loop-control loop0 mapper/control mem \
    net/tun null nvram ptmx random rtc stdin tty tty1 ttyS0 uhid urandom vda vfio/vfio vhost-net vhost-vsock zero; do
    say "node $node" "$(stat -c '%F %a %U:%G' "/dev/$node" 2> /dev/null || echo none)"
done
for node in btrfs-control cuse fuse loop-control loop0 mapper/control net/tun vhost-net; do
    # What is not there would be made.
    [ -e "/dev/$node" ] && sh -c "exec 3<> /dev/$node" 2> /dev/null && say "open $node" yes || say "open $node" no
done
for name in fs/file-max fs/nr_open fs/protected_fifos fs/protected_hardlinks fs/protected_regular fs/protected_symlinks \
    fs/suid_dumpable kernel/core_pattern kernel/ctrl-alt-del kernel/dmesg_restrict kernel/kptr_restrict kernel/modprobe \
    kernel/panic kernel/pid_max kernel/printk_devkmsg kernel/randomize_va_space kernel/sysrq kernel/unprivileged_userns_clone \
    kernel/yama/ptrace_scope net/core/somaxconn net/ipv4/ip_forward net/ipv4/ping_group_range net/unix/max_dgram_qlen \
    vm/max_map_count vm/overcommit_memory; do
    say "sysctl $name" "$(cat /proc/sys/$name 2>&1)"
done
for name in autofs4 binfmt_misc configfs dm_mod fuse loop; do
    [ -d "/sys/module/$name" ] && say "module $name" yes || say "module $name" no
done
say "keyring of a session" "$(grep -q ' keyring  *_ses: 1' /proc/keys && echo yes || echo no)"
say "control group controllers" "$(cat /sys/fs/cgroup/cgroup.controllers 2> /dev/null)"
say "control group counted" "$(cat /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null)"
for name in HOME LANG LOGNAME MAIL PATH SHELL USER XDG_RUNTIME_DIR container; do
    say "variable $name" "$(printenv $name)"
done
say "file /etc/mtab" "$(readlink /etc/mtab)"
say "file /run/lock" "$(stat -c %a /run/lock 2>&1)"
say "file /run/utmp" "$([ -e /run/utmp ] && echo yes || echo no)"
say "interface lo" "$(cat /sys/class/net/lo/flags)"
say "first process" "$(cat /proc/1/comm)"
