#pragma once

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/lib/fake_orield.h"
#include "gtest/gtest.h"

namespace oriel::clients {

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// `oriel` against an orield that has the display vm7.
class CommandsTest : public ::testing::Test {
 protected:
  explicit CommandsTest(FakeOrield::Age age = FakeOrield::Age::kCurrent)
      : server_(age) {
    server_.displays.push_back(ReadyDisplay("vm7"));
  }

  Outcome Run(std::vector<std::string> arguments,
              const std::string& server = "") {
    arguments.insert(arguments.begin(),
                     {"--server", server.empty() ? server_.address() : server});
    std::ostringstream out;
    std::ostringstream err;
    Console console{
        .out = out, .err = err, .out_is_terminal = out_is_terminal_};
    Outcome outcome;
    outcome.exit_code = RunOriel(arguments, console, stop_);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  // A path in the test's folder where no file is.
  std::string Fresh(const std::string& name) {
    const std::string path = ::testing::TempDir() + "/" + name;
    unlink(path.c_str());
    return path;
  }

  FakeOrield server_;
  StopSignal stop_;
  bool out_is_terminal_ = false;
};

}  // namespace oriel::clients
