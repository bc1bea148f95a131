// SPDX-License-Identifier: GPL-2.0-only
#include "guest/system.h"

#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/fd.h"
#include "guest/clock.h"
#include "guest/kernel_file.h"

namespace ktstr::guest {

namespace {

struct Mount {
    const char* type;
    const char* target;
    bool required;
};

constexpr std::array<Mount, 12> mounts = {{{"proc", "/proc", true},
                                           {"sysfs", "/sys", true},
                                           {"devtmpfs", "/dev", true},
                                           {"tmpfs", "/tmp", true},
                                           {"tmpfs", "/run", true},
                                           {"cgroup2", "/sys/fs/cgroup", true},
                                           {"debugfs", "/sys/kernel/debug", false},
                                           {"tracefs", "/sys/kernel/tracing", false},
                                           {"bpf", "/sys/fs/bpf", false},
                                           {"tmpfs", "/dev/shm", false},
                                           {"devpts", "/dev/pts", false},
                                           {"hugetlbfs", "/dev/hugepages", false}}};

// What device nodes alone do not give, and programs look for.
constexpr std::array<std::pair<const char*, const char*>, 6> links = {{{"/run", "/var/run"},
                                                                       {"/tmp", "/var/tmp"},
                                                                       {"/proc/self/fd", "/dev/fd"},
                                                                       {"/proc/self/fd/0", "/dev/stdin"},
                                                                       {"/proc/self/fd/1", "/dev/stdout"},
                                                                       {"/proc/self/fd/2", "/dev/stderr"}}};

// What the crash handler may call is little: it formats by hand.
void say(const char* text) { (void)!::write(STDERR_FILENO, text, std::strlen(text)); }

void on_fatal_signal(int signal, siginfo_t* info, void*) {
    std::array<char, 17> address{};
    auto value = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (int digit = 15; digit >= 0; --digit, value >>= 4U)
        address.at(static_cast<std::size_t>(digit)) = "0123456789abcdef"[value & 15U];
    say("\nktstr-executor: crashed: ");
    say(::sigdescr_np(signal) != nullptr ? ::sigdescr_np(signal) : "unknown signal");
    say(", address 0x");
    say(address.data());
    say("\n");
    if (::getpid() == 1) ::reboot(RB_POWER_OFF);
    ::_exit(128 + signal);
}

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

void take_console() {
    if (::fcntl(STDERR_FILENO, F_GETFD) == 0) return;
    const int console = ::open("/dev/console", O_RDWR | O_NOCTTY);
    if (console < 0) return;
    for (int fd = 0; fd <= 2; ++fd)
        if (fd != console) ::dup2(console, fd);
    if (console > 2) ::close(console);
}

} // namespace

Result<void> mount_file_systems() {
    ::umask(022);
    for (const auto& mount : mounts) {
        ::mkdir(mount.target, 0755); // may be there already; what matters is whether the mount works
        if (::mount(mount.type, mount.target, mount.type, MS_NOSUID, nullptr) == 0 || errno == EBUSY) continue;
        if (mount.required) {
            Error error = errno_error(std::string("mount ") + mount.type + " on", mount.target, errno);
            if (errno == ENODEV) error.hint = std::string("build the kernel with ") + mount.type;
            return error;
        }
    }
    ::mkdir("/var", 0755);
    for (const auto& [target, link] : links)
        if (::symlink(target, link) != 0 && errno != EEXIST) return errno_error("create the link", link, errno);
    take_console();
    return {};
}

Result<void> raise_limits() {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0) return errno_error("lift the limit of", "locked memory", errno);
    const rlimit descriptors{65536, 65536};
    if (::setrlimit(RLIMIT_NOFILE, &descriptors) != 0) return errno_error("raise the limit of", "open files", errno);
    return {};
}

void bring_loopback_up() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return;
    ifreq request{};
    std::strcpy(request.ifr_name, "lo"); // NOLINT(clang-analyzer-security.insecureAPI.strcpy): fits
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
    ::ioctl(socket.get(), SIOCSIFFLAGS, &request);
}

Result<void> take_precedence() {
    sched_param parameter{};
    parameter.sched_priority = 99; // workers may have 1..98
    if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameter) != 0)
        return errno_error("set the policy of", "the executor to SCHED_FIFO", errno);
    return write_kernel_file("/proc/self/oom_score_adj", "-1000");
}

Result<void> set_wall_clock(std::uint64_t realtime_ns) {
    const timespec time = to_timespec(realtime_ns);
    if (::clock_settime(CLOCK_REALTIME, &time) != 0) return errno_error("set", "the wall clock", errno);
    return {};
}

Result<void> add_entropy(const std::string& hex) {
    // A rand_pool_info: bits of entropy, bytes, and the bytes themselves (random(4)).
    struct {
        int entropy_bits = 256;
        int size = 32;
        std::array<unsigned char, 32> bytes{};
    } pool;
    static_assert(sizeof(pool) == sizeof(rand_pool_info) + 32);
    if (hex.size() != 2 * pool.bytes.size()) return Error{"the entropy is not of 64 hexadecimal digits"};
    for (std::size_t i = 0; i < pool.bytes.size(); ++i) {
        const int high = hex_digit(hex[2 * i]);
        const int low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return Error{"the entropy is not of 64 hexadecimal digits"};
        pool.bytes.at(i) = static_cast<unsigned char>(16 * high + low);
    }
    const Fd random(::open("/dev/urandom", O_RDWR | O_CLOEXEC));
    if (!random) return errno_error("open", "/dev/urandom", errno);
    if (::ioctl(random.get(), RNDADDENTROPY, &pool) != 0) return errno_error("add entropy to", "/dev/urandom", errno);
    if (::ioctl(random.get(), RNDRESEEDCRNG) != 0 && errno != ENODATA)
        return errno_error("reseed", "/dev/urandom", errno);
    return {};
}

Result<void> apply_sysctl(const std::string& name, const std::string& value) {
    std::string path = "/proc/sys/" + name;
    std::replace(path.begin() + 10, path.end(), '.', '/');
    auto written = write_kernel_file(path, value);
    if (written) return {};
    Error error = written.error();
    error.message = "sysctl " + name + ": " + error.message;
    if (!path_exists(path)) error.hint = "this kernel does not have it: check the name, and the kernel's configuration";
    return error;
}

std::uint64_t peak_resident_bytes() {
    const auto status = read_kernel_file("/proc/self/status");
    if (!status) return 0;
    const auto at = status->find("VmHWM:");
    if (at == std::string::npos) return 0;
    const auto digits = status->find_first_of("0123456789", at);
    if (digits == std::string::npos) return 0;
    std::uint64_t kib = 0;
    std::from_chars(status->data() + digits, status->data() + status->size(), kib);
    return kib * 1024;
}

std::string kernel_release() {
    utsname name{};
    return ::uname(&name) == 0 ? name.release : "";
}

int online_cpus() { return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)); }

void install_crash_handler() {
    static std::array<char, 16384> stack; // an overflown stack cannot run the handler
    stack_t alternate{};
    alternate.ss_sp = stack.data();
    alternate.ss_size = stack.size();
    ::sigaltstack(&alternate, nullptr);
    struct sigaction action {};
    action.sa_sigaction = on_fatal_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigaction(signal, &action, nullptr);
}

void power_off() {
    ::sync();
    if (::getpid() == 1) ::reboot(RB_POWER_OFF);
    ::_exit(0);
}

} // namespace ktstr::guest
