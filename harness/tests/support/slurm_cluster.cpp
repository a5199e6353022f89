// SPDX-License-Identifier: MIT
#include "harness/tests/support/slurm_cluster.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "builder/base/handle.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// slurm.conf(5) of 22.05.
constexpr std::string_view settings = R"(ClusterName=lktest
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={directory}/munge/socket
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=0
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.%n.pid
SlurmdSpoolDir={directory}/spool.%n
StateSaveLocation={directory}/state
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=0,sched_interval=1
KillWait=5
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port1} CPUs=1 RealMemory=2000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={port2} CPUs=1 RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
)";

/// A port that is not in use.
int free_port() {
    const UniqueFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

}  // namespace

SlurmCluster::SlurmCluster() {
    const fs::path& top = directory_.path();
    for (const char* name : {"munge", "state", "spool.n1", "spool.n2"})
        make_directories(top / name);
    fs::permissions(top / "munge", fs::perms::owner_all);
    write_file(top / "munge/key", std::string(1024, 'k'));
    fs::permissions(top / "munge/key", fs::perms::owner_read);
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    write_file(top / "slurm.conf",
               fmt::format(settings, fmt::arg("host", host.data()), fmt::arg("directory", top.string()),
                           fmt::arg("port", free_port()), fmt::arg("port1", free_port()),
                           fmt::arg("port2", free_port())));
    const auto munge = [&](const char* option, const char* name) {
        return fmt::format("--{}={}", option, (top / "munge" / name).string());
    };
    start("munged", {"munged", "--foreground", "--force", munge("key-file", "key"), munge("socket", "socket"),
                     munge("pid-file", "pid"), munge("log-file", "log"), munge("seed-file", "seed")});
    const std::string conf = (top / "slurm.conf").string();
    start("slurmctld", {"slurmctld", "-D", "-f", conf});
    for (const char* node : {"n1", "n2"})
        start(node, {"slurmd", "-D", "-N", node, "-f", conf});
}

SlurmCluster::~SlurmCluster() {
    for (const char* name : {"n1", "n2", "slurmctld", "munged"})
        stop(name);
    ::unsetenv("SLURM_CONF");
}

bool SlurmCluster::ready() {
    ::setenv("SLURM_CONF", (directory_.path() / "slurm.conf").c_str(), 1);
    for (int i = 0; i < 300; ++i) {
        const ProcessResult nodes = run_process({"sinfo", "--noheader", "--Node", "--format=%T"});
        if (nodes.out == "idle\nidle\n")
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return false;
}

void SlurmCluster::fail(const std::string& node) {
    stop(node);
    check_process({"scontrol", "update", "NodeName=" + node, "State=DOWN", "Reason=lost"});
}

std::string SlurmCluster::logs() const {
    std::string text;
    for (const char* name : {"munged", "slurmctld", "n1", "n2"})
        text += fmt::format("--- {}\n{}", name, read_file(directory_.path() / (std::string(name) + ".log")));
    return text;
}

void SlurmCluster::start(const std::string& name, std::vector<std::string> command) {
    command.insert(command.begin(), {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"});
    std::vector<char*> words;
    for (std::string& word : command)
        words.push_back(word.data());
    words.push_back(nullptr);
    const fs::path log = directory_.path() / (name + ".log");
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        ::dup2(fd, STDOUT_FILENO);
        ::dup2(fd, STDERR_FILENO);
        ::execvp(words.front(), words.data());
        ::_exit(127);
    }
    daemons_[name] = child;
}

void SlurmCluster::stop(const std::string& name) {
    const auto daemon = daemons_.extract(name);
    if (!daemon)
        return;
    ::kill(daemon.mapped(), SIGKILL);
    ::waitpid(daemon.mapped(), nullptr, 0);
}

}  // namespace lktest
