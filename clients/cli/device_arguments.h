#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "clients/cli/arguments.h"
#include "clients/cli/define_command.h"

namespace oriel::clients {

// The commands about devices: their definitions, and the places that their
// values go to. Outlives the app.
class DeviceArguments {
 public:
  void AddTo(CLI::App& app, CommonOptions& common);

  // `words` are those of CommandWords. Empty: not one of these.
  std::optional<Command> Result(const std::string& words) const;
  // What is wrong beyond CLI11's rules; empty when nothing is.
  std::string Contradiction(const std::string& words, bool json) const;

 private:
  void AddEdidGet(CLI::App& edid, CommonOptions& common);
  void AddEdidSet(CLI::App& edid, CommonOptions& common);
  void AddOpRegion(CLI::App& app, CommonOptions& common);

  EdidGetOptions edid_get_;
  EdidSetOptions edid_set_;
  OpRegionOptions op_region_;
};

}  // namespace oriel::clients
