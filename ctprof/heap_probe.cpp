// SPDX-License-Identifier: GPL-2.0-only
#include "ctprof/heap_probe.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <map>
#include <set>

#include "base/file.h"
#include "ctprof/proc_text.h"

namespace ktstr::ctprof {

namespace {

constexpr std::uint64_t most_map_bytes = 64U << 20U;

using ImageId = std::pair<std::uint64_t, std::uint64_t>; // device, inode

// What a process has for its heap: the layout of the image with jemalloc, and where that is loaded.
struct ProcessHeap {
    HeapState state = HeapState::no_jemalloc;
    HeapLayout layout = {};
    std::uint64_t load_base = 0;
    std::uint64_t program_device = 0;
    std::uint64_t program_inode = 0;
};

class HeapFinder {
  public:
    HeapFinder(const std::string& proc, LayoutSource& layouts) : proc_(proc), layouts_(layouts) {}

    ProcessHeap find(int pid) {
        const std::string process = proc_ + "/" + std::to_string(pid);
        struct stat program {};
        if (::stat((process + "/exe").c_str(), &program) != 0)
            return {errno == EACCES || errno == EPERM ? HeapState::permission : HeapState::vanished};
        const auto maps = read_file(process + "/maps", most_map_bytes);
        if (!maps) return {errno == EACCES || errno == EPERM ? HeapState::permission : HeapState::vanished};
        const auto mappings = parse_maps(*maps);
        ProcessHeap heap;
        heap.program_device = program.st_dev;
        heap.program_inode = program.st_ino;
        std::set<ImageId> seen;
        for (const auto& mapping : mappings) {
            const ImageId id{mapping.device, mapping.inode};
            if (!mapping.executable || !seen.insert(id).second) continue;
            const HeapFinding& finding = finding_of(process, mapping, id);
            if (finding.state == HeapState::no_jemalloc) continue;
            heap.state = finding.state;
            heap.layout = finding.layout;
            if (finding.state != HeapState::read) continue; // another image may have a layout
            if (!find_base(mappings, id, finding.layout, heap.load_base)) heap.state = HeapState::unreadable;
            return heap;
        }
        return heap;
    }

  private:
    const HeapFinding& finding_of(const std::string& process, const Mapping& mapping, const ImageId& id) {
        const auto known = findings_.find(id);
        if (known != findings_.end()) return known->second;
        return findings_.emplace(id, layouts_.find({path_of(process, mapping), mapping.path})).first->second;
    }

    // A path by which the very file can be opened: it may lie in another mount namespace, or be replaced by now. The
    // kernel's own link to it is for root only (fs/proc/base.c, proc_map_files_get_link).
    static std::string path_of(const std::string& process, const Mapping& mapping) {
        struct stat file {};
        std::string link = process + "/map_files/" + mapping.map_file;
        if (::stat(link.c_str(), &file) == 0) return link;
        std::string path = process + "/root" + mapping.path;
        return ::stat(path.c_str(), &file) == 0 && file.st_ino == mapping.inode ? path : std::string();
    }

    static bool find_base(const std::vector<Mapping>& mappings, const ImageId& id, const HeapLayout& layout,
                          std::uint64_t& base) {
        for (const auto& mapping : mappings) {
            if (ImageId{mapping.device, mapping.inode} != id || mapping.offset != layout.load_offset) continue;
            base = mapping.start - layout.load_address;
            return true;
        }
        return false;
    }

    const std::string& proc_;
    LayoutSource& layouts_;
    std::map<ImageId, HeapFinding> findings_;
};

} // namespace

void probe_heaps(const CaptureOptions& options, Capture& capture) {
    std::vector<HeapTarget> targets;
    std::vector<Thread*> threads;
    std::optional<HeapFinder> finder;
    if (options.layouts != nullptr) finder.emplace(options.proc, *options.layouts);
    int pid = 0;
    ProcessHeap heap;
    for (auto& thread : capture.threads) {
        thread.heap = thread.kernel_thread ? HeapState::kernel_thread : HeapState::no_jemalloc;
        if (thread.kernel_thread || !finder) continue;
        if (thread.pid != pid) heap = finder->find(thread.pid); // threads of a process stand together
        pid = thread.pid;
        thread.heap = heap.state;
        if (heap.state != HeapState::read) continue;
        targets.push_back({thread.pid, thread.tid, thread.start_time_ns, heap.program_device, heap.program_inode,
                           heap.load_base, heap.layout});
        threads.push_back(&thread);
    }
    const auto readings = read_heaps(targets, options.tracer, options.in_tracer);
    for (std::size_t i = 0; i < readings.size(); ++i) {
        Thread& thread = *threads[i];
        thread.heap = readings[i].state;
        if (thread.heap != HeapState::read) continue;
        thread[Counter::allocated_bytes] = readings[i].allocated_bytes;
        thread[Counter::deallocated_bytes] = readings[i].deallocated_bytes;
    }
}

} // namespace ktstr::ctprof
