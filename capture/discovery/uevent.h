#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace oriel::capture {

// What the kernel tells about one device (lib/kobject_uevent.c).
struct Uevent {
  std::string action;     // "add", "bind", "unbind", "remove", ...
  std::string subsystem;  // "mdev", "pci", "vfio-dev"
  std::string path;       // below /sys: "/devices/virtual/mdpy/mdpy/83b8..."

  friend bool operator==(const Uevent&, const Uevent&) = default;
};

// More than the kernel sends: its buffer has 2048 bytes, and a header.
inline constexpr size_t kMaxUeventBytes = 8192;

// One message: "ACTION@DEVPATH", then KEY=VALUE, each ended by a zero. Empty:
// it is not such a message. Takes any bytes.
std::optional<Uevent> ParseUevent(std::span<const uint8_t> message);

// The mdev or PCI device that came or went, by CanonicalDeviceName's spelling.
// Empty: the event is about something else.
std::string DeviceOf(const Uevent& event);

}  // namespace oriel::capture
