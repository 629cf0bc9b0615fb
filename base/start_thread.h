#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace oriel {

// A thread that `top -H` shows by `name`, at most 15 characters. Where the
// system has none left std::thread throws; here that is kResourceExhausted.
absl::StatusOr<std::thread> StartThread(const std::string& name,
                                        std::function<void()> run);

}  // namespace oriel
