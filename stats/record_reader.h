// SPDX-License-Identifier: GPL-2.0-only
// Reads records (report/sidecar.h) one after the other, by simdjson: a pool may have tens of thousands.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "stats/metrics.h"
#include "stats/row.h"

namespace ktstr::stats {

// Versions of records that this reader knows.
constexpr std::int64_t oldest_record = 1;
constexpr std::int64_t newest_record = 2;

// Keeps its buffers from one record to the next. One for each thread.
class RecordReader {
  public:
    RecordReader();
    RecordReader(RecordReader&&) noexcept;
    ~RecordReader();

    // The record without what its place says (path and run). Its metrics get their numbers from `metrics`. The error
    // says what is wrong, without the path, and what can be done; a nullable key that is not there counts as null.
    Result<Row> read(const std::filesystem::path& path, MetricTable& metrics);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ktstr::stats
