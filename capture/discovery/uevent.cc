#include "capture/discovery/uevent.h"

#include <algorithm>
#include <string_view>

#include "capture/discovery/find_group.h"

namespace oriel::capture {
namespace {

// The text up to the next zero, which is taken off too. Empty and unchanged
// when there is none.
std::optional<std::string_view> TakeText(std::string_view& rest) {
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return text;
}

// Sets `value` where `text` is KEY=VALUE.
void TakeValue(std::string_view text, std::string_view key,
               std::string& value) {
  if (text.starts_with(key) && text.substr(key.size()).starts_with('='))
    value = text.substr(key.size() + 1);
}

}  // namespace

std::optional<Uevent> ParseUevent(std::span<const uint8_t> message) {
  if (message.empty() || message.size() > kMaxUeventBytes) return std::nullopt;
  // SAFETY: any byte is a char.
  std::string_view rest(reinterpret_cast<const char*>(message.data()),
                        message.size());
  const std::optional<std::string_view> head = TakeText(rest);
  if (!head.has_value()) return std::nullopt;
  Uevent event;
  while (const std::optional<std::string_view> text = TakeText(rest)) {
    TakeValue(*text, "ACTION", event.action);
    TakeValue(*text, "DEVPATH", event.path);
    TakeValue(*text, "SUBSYSTEM", event.subsystem);
  }
  // The kernel says both twice; what contradicts itself is not the kernel's.
  if (event.action.empty() || event.path.empty() ||
      *head != event.action + "@" + event.path) {
    return std::nullopt;
  }
  return event;
}

std::string DeviceOf(const Uevent& event) {
  if (event.subsystem != "mdev" && event.subsystem != "pci" &&
      event.subsystem != "vfio-dev") {
    return {};
  }
  // .../0000:00:02.0/83b8f4f2-.../vfio-dev/vfio0: the last one that is a
  // device's name.
  std::string_view path = event.path;
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string name(
        path.substr(slash == std::string_view::npos ? 0 : slash + 1));
    const absl::StatusOr<std::string> canonical = CanonicalDeviceName(name);
    if (canonical.ok() && *canonical == name) return name;
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return {};
}

}  // namespace oriel::capture
