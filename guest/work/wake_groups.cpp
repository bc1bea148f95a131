// SPDX-License-Identifier: GPL-2.0-only
// One and many: member 0 is the one.
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "guest/work/loops.h"
#include "guest/work/matrices.h"

namespace ktstr::guest::work {

namespace {

void compute_when_called(Worker& worker) {
    Matrices matrices(worker, worker.parameter("size"));
    WorkerSlot& own = worker.own_slot();
    for (std::uint32_t seen = 0; worker.wait_while(own.call, seen, own.called, Sleepers::one); ++seen) {
        if (!matrices.multiply(worker)) return;
        end_part(worker);
        worker.pass();
    }
}

void write_bursts(Worker& worker) {
    const std::uint64_t interval = worker.parameter("interval");
    while (worker.running()) {
        const std::uint64_t shares = worker.others(); // each one takes one
        worker.group().round_called(worker.group().word.load() + 1).call_any();
        worker.group().word.fetch_add(1);
        for (const int file : worker.setting().files)
            if (::write(file, &shares, sizeof(shares)) < 0 && errno != EAGAIN)
                worker.fail("write to an eventfd", errno);
        worker.pass();
        worker.sleep_for(interval);
    }
}

void wait_for_events(Worker& worker) {
    const Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) worker.fail("epoll_create1()", errno, "CONFIG_EPOLL=y");
    for (const int file : worker.setting().files) {
        // By edges, or the first ones would take the shares of the rest, who were woken for nothing.
        epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.fd = file}};
        if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, file, &event) != 0) worker.fail("epoll_ctl()", errno);
    }
    std::array<epoll_event, 64> ready{};
    while (worker.running()) {
        CallStamp& next_burst = worker.group().round_called(worker.group().word.load() + 1);
        const std::uint64_t since = ticks_now();
        const int count = ::epoll_wait(epoll.get(), ready.data(), static_cast<int>(ready.size()), -1);
        worker.note_wake(next_burst, since);
        if (count < 0 && errno != EINTR) worker.fail("epoll_wait()", errno);
        for (int i = 0; i < count; ++i) {
            std::uint64_t share = 0;
            (void)!::read(ready.at(static_cast<std::size_t>(i)).data.fd, &share, sizeof(share));
        }
        if (count > 0) worker.pass();
    }
}

void produce(Worker& worker) {
    GroupSlot& group = worker.group();
    const std::uint64_t work = worker.parameter("produce");
    give(group.room, static_cast<std::uint32_t>(worker.parameter("depth")), Sleepers::one);
    while (worker.running()) {
        worker.compute(work);
        if (!take(worker, group.room, Sleepers::one)) return;
        give(group.items, 1, Sleepers::several);
        worker.pass();
    }
}

void consume(Worker& worker) {
    GroupSlot& group = worker.group();
    const std::uint64_t work = worker.parameter("consume");
    while (take(worker, group.items, Sleepers::several)) {
        give(group.room, 1, Sleepers::one);
        worker.compute(work);
        if (worker.running()) worker.pass();
    }
}

} // namespace

void futex_fan_out(Worker& worker) {
    GroupSlot& group = worker.group();
    if (worker.member() == 0) {
        while (worker.running()) {
            begin_round(group);
            if (wait_for_parts(worker)) worker.pass();
        }
        return;
    }
    const std::uint64_t work = worker.parameter("work");
    for (std::uint32_t seen = 0; wait_for_round(worker, seen);) {
        worker.compute(work);
        if (!worker.running()) return;
        end_part(worker);
        worker.pass();
    }
}

void fan_out_compute(Worker& worker) {
    if (worker.member() != 0) return compute_when_called(worker);
    const std::uint64_t sleep = worker.parameter("sleep");
    while (worker.running()) {
        worker.group().done.store(0);
        for (int member = 1; member < worker.group_size(); ++member) {
            WorkerSlot& slot = worker.slot_of(member);
            slot.call.fetch_add(1);
            slot.called.call_armed();
            futex_wake(slot.call, 1);
        }
        if (!wait_for_parts(worker)) return;
        worker.pass();
        worker.sleep_for(sleep);
    }
}

void epoll_storm(Worker& worker) {
    if (worker.member() == 0) return write_bursts(worker);
    wait_for_events(worker);
}

void thundering_herd(Worker& worker) {
    if (worker.member() == 0) {
        const std::uint64_t interval = worker.parameter("interval");
        while (worker.running()) {
            worker.sleep_for(interval);
            if (!worker.running()) return;
            begin_round(worker.group());
            worker.pass();
        }
        return;
    }
    const std::uint64_t work = worker.parameter("work");
    for (std::uint32_t seen = 0; wait_for_round(worker, seen);) {
        worker.compute(work);
        if (worker.running()) worker.pass();
    }
}

void producer_consumer_imbalance(Worker& worker) {
    if (worker.member() == 0) return produce(worker);
    consume(worker);
}

} // namespace ktstr::guest::work
