#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "oriel/config/v1/config.pb.h"

namespace oriel::config {

// What is wrong with which element: `kind` is a field of Config, `index` counts
// the elements of that kind from 0.
using ReportProblem = std::function<void(const std::string& kind, int index,
                                         const std::string& problem)>;

// Everything that the schema cannot say. Knows the meaning of zero fields, so
// it takes a configuration before or after defaults.
void CheckConfig(const v1::Config& config, const ReportProblem& report);

// Empty when `listen` is good.
std::string CheckListen(const v1::Listen& listen);

// Empty when `config` has a good devices_socket, or none where none is needed.
std::string CheckDevicesSocket(const v1::Config& config);

}  // namespace oriel::config
