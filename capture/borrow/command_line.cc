#include "capture/borrow/command_line.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "nlohmann/json.hpp"

namespace oriel::capture {
namespace {

using Json = nlohmann::json;
using Options = std::map<std::string, std::string>;

constexpr size_t kMaxArguments = 8192;
constexpr size_t kMaxDevices = 256;

// `shape`: 'x' stands for a hexadecimal digit, 'o' for an octal one.
bool HasShape(std::string_view text, std::string_view shape) {
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(),
                    [](char c, char expected) {
                      if (expected == 'x') return absl::ascii_isxdigit(c);
                      if (expected == 'o') return c >= '0' && c <= '7';
                      return c == expected;
                    });
}

std::vector<std::string> SplitAtNuls(const std::string& bytes) {
  std::vector<std::string> arguments;
  size_t begin = 0;
  while (begin < bytes.size() && arguments.size() < kMaxArguments) {
    const size_t end = std::min(bytes.find('\0', begin), bytes.size());
    arguments.push_back(bytes.substr(begin, end - begin));
    begin = end + 1;
  }
  return arguments;
}

// QEMU's "a,key=value,key=va,,lue": two commas stand for one of the value.
Options SplitOptions(const std::string& text, const std::string& first_key) {
  Options options;
  size_t at = 0;
  bool first = true;
  while (at < text.size()) {
    std::string item;
    for (; at < text.size(); ++at) {
      if (text[at] == ',') {
        if (at + 1 >= text.size() || text[at + 1] != ',') break;
        ++at;
      }
      item += text[at];
    }
    ++at;
    const size_t equals = item.find('=');
    if (equals != std::string::npos) {
      options[item.substr(0, equals)] = item.substr(equals + 1);
    } else {
      options[first ? first_key : item] = first ? item : "on";
    }
    first = false;
  }
  return options;
}

// -device {"driver":"vfio-pci","sysfsdev":"..."}.
Options JsonOptions(const std::string& text) {
  Options options;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return options;
  for (auto item = json.begin(); item != json.end(); ++item) {
    const Json& value = item.value();
    if (value.is_string()) {
      options[item.key()] = value.get_ref<const std::string&>();
    } else if (value.is_boolean()) {
      options[item.key()] = value.get<bool>() ? "on" : "off";
    } else {
      options[item.key()] = value.type_name();
    }
  }
  return options;
}

// Of a sysfs path such as /sys/bus/mdev/devices/UUID/, or of QEMU's
// host=[0000:]01:00.0.
std::optional<std::string> DeviceName(std::string path) {
  while (!path.empty() && path.back() == '/') path.pop_back();
  std::string name = absl::AsciiStrToLower(path.substr(path.rfind('/') + 1));
  if (HasShape(name, "xx:xx.o")) name = "0000:" + name;
  if (!IsMdevUuid(name) && !IsPciAddress(name)) return std::nullopt;
  return name;
}

class Reader {
 public:
  void Take(const std::string& flag, const std::string& value) {
    if (flag == "name") {
      TakeName(value);
    } else if (flag == "device") {
      TakeDevice(value.substr(0, 1) == "{" ? JsonOptions(value)
                                           : SplitOptions(value, "driver"));
    } else if (flag == "vfio") {
      TakeDevice(SplitOptions(value, "path"));
    } else if (flag == "readconfig" || flag == "set") {
      trusted_ = false;
    } else if (flag == "global") {
      // -global vfio-pci.display=on, -global driver=vfio-pci,property=display
      if (value.find("display") != std::string::npos) trusted_ = false;
    }
  }

  VmmCommandLine Finish() {
    for (VmmCommandLine::Device& device : line_.devices) {
      device.display_off = device.display_off && trusted_;
    }
    return std::move(line_);
  }

 private:
  void TakeName(const std::string& value) {
    Options options = SplitOptions(value, "guest");
    if (!options["guest"].empty()) line_.vm = options["guest"];
  }

  void TakeDevice(const Options& options) {
    if (line_.devices.size() >= kMaxDevices) return;
    // QEMU's and, the last two, cloud-hypervisor's and crosvm's.
    for (const char* key : {"sysfsdev", "host", "path"}) {
      const auto found = options.find(key);
      if (found == options.end()) continue;
      const std::optional<std::string> name = DeviceName(found->second);
      if (!name.has_value()) continue;
      const auto driver = options.find("driver");
      const auto display = options.find("display");
      const bool is_qemu =
          driver != options.end() && driver->second.substr(0, 8) == "vfio-pci";
      line_.devices.push_back({*name, is_qemu && (display == options.end() ||
                                                  display->second == "off")});
      return;
    }
  }

  VmmCommandLine line_;
  // Nothing was seen that could change a device's display.
  bool trusted_ = true;
};

}  // namespace

bool VmmCommandLine::Names(const std::string& device) const {
  return std::any_of(devices.begin(), devices.end(),
                     [&](const Device& other) { return other.name == device; });
}

bool VmmCommandLine::SaysDisplayOff(const std::string& device) const {
  return Names(device) &&
         std::all_of(devices.begin(), devices.end(), [&](const Device& other) {
           return other.name != device || other.display_off;
         });
}

bool IsMdevUuid(const std::string& name) {
  return HasShape(name, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

bool IsPciAddress(const std::string& name) {
  // A domain can have more than four digits: VMD's begin at 10000.
  const size_t colon = std::min(name.find(':'), name.size());
  return colon >= 4 && colon <= 8 &&
         HasShape(name.substr(0, colon), std::string(colon, 'x')) &&
         HasShape(name.substr(colon), ":xx:xx.o");
}

VmmCommandLine ParseVmmCommandLine(const std::string& bytes) {
  Reader reader;
  const std::vector<std::string> arguments = SplitAtNuls(bytes);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-') continue;
    // QEMU takes one dash or two; others write --flag=value.
    std::string flag = argument.substr(argument[1] == '-' ? 2 : 1);
    const size_t equals = flag.find('=');
    if (equals != std::string::npos) {
      const std::string value = flag.substr(equals + 1);
      reader.Take(flag.substr(0, equals), value);
    } else if (i + 1 < arguments.size()) {
      reader.Take(flag, arguments[i + 1]);
    }
  }
  if (bytes.size() >= kMaxCommandLineBytes ||
      arguments.size() >= kMaxArguments) {
    reader.Take("readconfig", "");
  }
  return reader.Finish();
}

}  // namespace oriel::capture
