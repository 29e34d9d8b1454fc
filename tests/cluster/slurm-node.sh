#!/bin/bash
# A real SLURM cluster of one node on loopback, for tests: munged, slurmctld and slurmd as root.
#
#   slurm-node.sh install   install the Debian packages slurm-wlm and munge
#   slurm-node.sh start     start the daemons and wait until the node takes jobs
#   slurm-node.sh stop      stop what `start` started and remove what it wrote
#
# Exit status 77: impossible on this machine, for the reason printed. 1: it should have worked.
# The node says it has 8 processors, 64 GB and one GPU, whatever the machine has: the tests are
# about scheduling, and their jobs are small.
set -euo pipefail

CONFIGURATION=/etc/slurm/slurm.conf
GPU_CONFIGURATION=/etc/slurm/gres.conf
WORK=/var/tmp/slurm-node
MARK="# Written by slurm-node.sh"
NODE=$(hostname -s)

fail() { echo "error: $1" >&2; exit 1; }
refuse() { echo "no SLURM node here: $1" >&2; exit 77; }

require_root() { [ "$(id -u)" = 0 ] || refuse "it needs root, and this is $(id -un)."; }

install_packages() {
    require_root
    command -v apt-get >/dev/null || refuse "it needs apt-get (Debian or Ubuntu)."
    command -v slurmctld >/dev/null && command -v munged >/dev/null && return
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends slurm-wlm munge; } \
        >/var/tmp/slurm-install.log 2>&1 ||
        refuse "apt-get cannot install slurm-wlm and munge; see /var/tmp/slurm-install.log."
}

require_packages() {
    local program
    for program in munged slurmctld slurmd sbatch squeue; do
        command -v "$program" >/dev/null ||
            refuse "$program is missing; run: $0 install"
    done
    [ -d /etc/slurm ] || refuse "/etc/slurm is missing; SLURM must be Debian's or Ubuntu's."
}

require_no_other_cluster() {
    if [ -e "$CONFIGURATION" ] && ! grep -q "^$MARK" "$CONFIGURATION"; then
        refuse "$CONFIGURATION belongs to another cluster."
    fi
    local daemon
    for daemon in slurmctld slurmd; do
        if runs "$daemon"; then refuse "another node is running; stop it by: $0 stop"; fi
    done
}

write_configuration() {
    stop # What a killed test left would make the new controller resume its jobs.
    mkdir -p "$WORK"/{controller,node}
    # MinJobAge: squeue must remember a finished job until Snakemake has asked.
    # cred_expire: seconds that a requeued job waits before it may start again.
    # KillWait: seconds between SIGTERM and SIGKILL at a job's time limit.
    # cons_tres with CR_CPU_Memory: jobs wait for each other's processors, memory and GPU.
    cat >"$CONFIGURATION" <<CONFIGURATION_END
$MARK; stop removes it.
ClusterName=one-node
SlurmctldHost=$NODE(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
ReturnToService=2
MinJobAge=300
KillWait=2
SlurmdParameters=config_overrides
StateSaveLocation=$WORK/controller
SlurmdSpoolDir=$WORK/node
SlurmctldPidFile=$WORK/slurmctld.pid
SlurmdPidFile=$WORK/slurmd.pid
SlurmctldLogFile=$WORK/slurmctld.log
SlurmdLogFile=$WORK/slurmd.log
GresTypes=gpu
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=$NODE Default=YES MaxTime=INFINITE DefMemPerCPU=1000 State=UP
CONFIGURATION_END
    # No driver is asked: scheduling needs a name and a file that exists.
    printf '%s\nNodeName=%s Name=gpu File=/dev/null\n' "$MARK" "$NODE" >"$GPU_CONFIGURATION"
}

start_munge() {
    if munge -n 2>/dev/null | unmunge >/dev/null 2>&1; then
        return # The machine runs one already; it is not ours to stop.
    fi
    install -d -o munge -g munge -m 755 /run/munge
    runuser -u munge -- "$(command -v munged)" --pid-file=/run/munge/munged.pid
    ln -s /run/munge/munged.pid "$WORK/munged.pid"
}

wait_for_node() {
    local tries
    for tries in $(seq 100); do
        [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && return
        sleep 0.2
    done
    tail -n 20 "$WORK"/*.log >&2
    fail "the node did not become idle within 20 seconds."
}

start() {
    require_root
    require_packages
    require_no_other_cluster
    write_configuration
    start_munge || fail "munged does not start."
    slurmctld || fail "slurmctld does not start; see $WORK/slurmctld.log."
    slurmd -N "$NODE" || fail "slurmd does not start; see $WORK/slurmd.log."
    wait_for_node
    echo "SLURM $(sinfo --version | cut -d' ' -f2) takes jobs on $NODE."
}

runs() { # Whether a daemon that `start` started is alive.
    local identifier
    identifier=$(cat "$WORK/$1.pid" 2>/dev/null) || return 1
    # A process identifier may have been given to another program since.
    [ "$(cat "/proc/$identifier/comm" 2>/dev/null)" = "$1" ]
}

stop_daemon() {
    local identifier
    runs "$1" || return 0
    identifier=$(cat "$WORK/$1.pid")
    kill "$identifier"
    for _ in $(seq 50); do
        [ -e "/proc/$identifier" ] || return 0
        sleep 0.1
    done
    kill -9 "$identifier"
}

stop() {
    require_root
    if runs slurmctld; then
        scancel --state=PENDING --state=RUNNING --quiet 2>/dev/null || true
        for _ in $(seq 25); do
            [ -n "$(squeue --noheader 2>/dev/null)" ] || break
            sleep 0.2
        done
    fi
    stop_daemon slurmd
    stop_daemon slurmctld
    stop_daemon munged
    rm -rf "$WORK"
    local file
    for file in "$CONFIGURATION" "$GPU_CONFIGURATION"; do
        if [ -e "$file" ] && grep -q "^$MARK" "$file"; then rm "$file"; fi
    done
}

case "${1:-}" in
    install) install_packages ;;
    start) start ;;
    stop) stop ;;
    *) echo "usage: $0 install|start|stop" >&2; exit 2 ;;
esac
