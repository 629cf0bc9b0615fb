#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "oriel/config/v1/config.pb.h"

namespace oriel::config {

// Of a display that gives no max_rate_hz.
inline constexpr uint32_t kDefaultRateHz = 60;
// Of one that gives no scan_budget_ms_per_s.
inline constexpr uint32_t kDefaultScanBudgetMsPerS = 150;

// A configuration that passed every check, with its defaults filled in: a
// listening address, sockets' paths and modes, TCP addresses, rates, budgets
// and the limits but for worker_threads are never zero or empty.

// DevicesSocket.path that stands for no socket.
inline constexpr char kNoSocket[] = "none";
inline constexpr char kDefaultDevicesSocket[] = "/run/oriel/devices.sock";

// kInvalidArgument has one line for each problem, "FILE:LINE:COLUMN: what is
// wrong", lines and columns from 1.
absl::StatusOr<v1::Config> ParseConfig(const std::string& text,
                                       const std::string& file_name);

// kNotFound, kPermissionDenied and so on: the file cannot be read.
absl::StatusOr<v1::Config> LoadConfig(const std::string& path);

v1::Config DefaultConfig();

// "unix:/run/oriel/oriel.sock" or "HOST:PORT", IPv6 as "[::1]:PORT"; checked
// as the configuration's are.
absl::StatusOr<v1::Listen> ParseListen(const std::string& text);

// "/run/oriel/devices.sock" or kNoSocket, instead of what the configuration
// says; checked as the configuration's is.
absl::Status SetDevicesSocket(const std::string& path, v1::Config* config);

// Equal for two that cannot both be served; empty for a TCP port that the
// kernel chooses.
std::string ListenKey(const v1::Listen& listen);

}  // namespace oriel::config
