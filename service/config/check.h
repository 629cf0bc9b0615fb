#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "oriel/config/v1/config.pb.h"

namespace oriel::config {

struct Problem {
  std::string text;  // empty: all is well
  // Where it is, such as "borrowed.vm" of a display; empty: no field by itself.
  std::string field;
  bool empty() const { return text.empty(); }
};

// What is wrong with which element: `kind` is a field of Config, `index` counts
// the elements of that kind from 0.
using ReportProblem = std::function<void(const std::string& kind, int index,
                                         const Problem& problem)>;

// Everything that the schema cannot say. Knows the meaning of zero fields, so
// it takes a configuration before or after defaults.
void CheckConfig(const v1::Config& config, const ReportProblem& report);

Problem CheckListen(const v1::Listen& listen);

// All is well, too, where there is no devices_socket and none is needed.
Problem CheckDevicesSocket(const v1::Config& config);

}  // namespace oriel::config
