#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "clients/cli/arguments.h"

namespace oriel::clients {

// The deepest command that was chosen; `app` itself when none was.
const CLI::App& ChosenCommand(const CLI::App& app);

// "oriel edid get", as it was chosen.
std::string CommandWords(const CLI::App& app);

// Whether a command of this one must follow, and none did.
bool LacksCommand(const CLI::App& chosen);

// What CLI11's ExtrasError is about, in our words.
std::string DescribeSurplus(const CLI::App& app);

Answer UsageError(const CLI::App& app, const std::string& what);

}  // namespace oriel::clients
