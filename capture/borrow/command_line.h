#pragma once

#include <string>
#include <vector>

namespace oriel::capture {

// What a VMM's command line says; it is that process's word, not a proof.
struct VmmCommandLine {
  struct Device {
    std::string name;  // mdev UUID or PCI address, lower case
    // QEMU's default, and not changed by any argument that was understood.
    bool display_off = false;
  };
  std::string vm;  // empty: none is given
  std::vector<Device> devices;

  // Whether `device` is named, and without a display in each place.
  bool SaysDisplayOff(const std::string& device) const;
  bool Names(const std::string& device) const;
};

inline constexpr size_t kMaxCommandLineBytes = 256 << 10;

// Of /proc/PID/cmdline: arguments that end with a NUL. Takes any bytes; of an
// incomplete command line (kMaxCommandLineBytes or more) no display is off.
VmmCommandLine ParseVmmCommandLine(const std::string& bytes);

// "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"; "0000:00:02.0".
bool IsMdevUuid(const std::string& name);
bool IsPciAddress(const std::string& name);

}  // namespace oriel::capture
