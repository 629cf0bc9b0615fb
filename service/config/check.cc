#include "service/config/check.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>

#include "absl/strings/str_format.h"
#include "base/display_name.h"
#include "service/config/config.h"

namespace oriel::config {
namespace {

constexpr uint32_t kMaxRateHz = 120;
constexpr uint32_t kMaxScanBudgetMsPerS = 1000;
constexpr uint32_t kMaxSidePx = 65535;
constexpr uint32_t kMaxStrideBytes = 16 * kMaxSidePx;
constexpr uint64_t kMaxOffsetBytes = uint64_t{1} << 48;
constexpr uint32_t kMaxViewers = 10000;
constexpr uint32_t kMaxLanes = 16;
constexpr uint32_t kMaxWorkerThreads = 256;
constexpr int kMaxListens = 16;
constexpr int kMaxDisplays = 256;
// linux/vfio.h, VFIO_REGION_TYPE_PCI_VENDOR_TYPE.
constexpr uint32_t kVendorTypeBit = uint32_t{1} << 31;

struct KnownFourcc {
  const char* name;
  uint32_t bytes_per_pixel;
};
// What capture/display converts.
constexpr KnownFourcc kFourccs[] = {
    {"XR24", 4}, {"AR24", 4}, {"XB24", 4}, {"AB24", 4}, {"RG24", 3},
    {"BG24", 3}, {"RG16", 2}, {"XR30", 4}, {"XB30", 4},
};

std::string FourccList() {
  std::string list;
  for (const KnownFourcc& known : kFourccs) {
    if (!list.empty()) list += ", ";
    list += known.name;
  }
  return list;
}

std::string CheckSocketPath(const std::string& path) {
  if (path.empty() || path[0] != '/') {
    return absl::StrFormat("the socket's path \"%s\" is not absolute", path);
  }
  constexpr size_t kMaxLength = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kMaxLength) {
    return absl::StrFormat(
        "the socket's path has %d bytes, and the kernel takes at most %d: %s",
        path.size(), kMaxLength, path);
  }
  if (path.find('\0') != std::string::npos || path.back() == '/') {
    return absl::StrFormat("the socket's path \"%s\" names no file", path);
  }
  return "";
}

bool IsLoopback(const std::string& address) {
  if (in_addr v4; inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  if (in6_addr v6; inet_pton(AF_INET6, address.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return false;
}

std::string CheckName(const std::string& name) {
  if (IsDisplayName(name)) return "";
  const std::string near = PlainName(name, kMaxDisplayNameBytes);
  return absl::StrFormat(
      "the name must have 1 to %d letters, digits, '-', '_', '.' or ':'%s",
      kMaxDisplayNameBytes,
      near.empty() ? "" : absl::StrFormat(", such as \"%s\"", near));
}

// Others can be in no name that a VMM has, or orield shows them as spaces.
std::string CheckVmName(const std::string& vm) {
  if (vm.empty() || vm.size() > kMaxVmNameBytes) {
    return absl::StrFormat("the name of a VM has 1 to %d bytes",
                           kMaxVmNameBytes);
  }
  for (const unsigned char c : vm) {
    if (c < 0x20 || c == 0x7F) {
      return absl::StrFormat(
          "the name of the VM has the control character \\x%02x; write a space "
          "in its place",
          c);
    }
  }
  return "";
}

// `pattern` has 'x' for a hexadecimal digit, other characters for themselves.
bool Matches(const std::string& text, const std::string& pattern) {
  return std::equal(text.begin(), text.end(), pattern.begin(), pattern.end(),
                    [](unsigned char c, char expected) {
                      return expected == 'x' ? std::isxdigit(c) != 0
                                             : c == expected;
                    });
}

std::string CheckDeviceName(const std::string& device) {
  if (Matches(device, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") ||
      Matches(device, "xxxx:xx:xx.x")) {
    return "";
  }
  return absl::StrFormat(
      "\"%s\" is neither an mdev's UUID nor a PCI address such as "
      "0000:00:02.0",
      device);
}

Problem CheckBorrowed(const v1::Borrowed& borrowed) {
  switch (borrowed.by_case()) {
    case v1::Borrowed::kDevice:
      return {CheckDeviceName(borrowed.device()), "borrowed.device"};
    case v1::Borrowed::kVm:
      return {CheckVmName(borrowed.vm()), "borrowed.vm"};
    case v1::Borrowed::BY_NOT_SET:
      break;
  }
  return {"borrowed needs one of device and vm", "borrowed"};
}

Problem CheckDevice(const v1::Display& display) {
  switch (display.device_case()) {
    case v1::Display::kGroup:
      return {CheckDeviceName(display.group().device()), "group.device"};
    case v1::Display::kBorrowed:
      return CheckBorrowed(display.borrowed());
    case v1::Display::kVfioUser:
      return {CheckSocketPath(display.vfio_user().socket()),
              "vfio_user.socket"};
    case v1::Display::kInheritedFd:
      if (!display.inherited_fd().name().empty()) return {};
      return {"inherited_fd has no name; it is one of those in LISTEN_FDNAMES",
              "inherited_fd.name"};
    case v1::Display::DEVICE_NOT_SET:
      break;
  }
  return {"no device: give one of group, vfio_user, inherited_fd or borrowed",
          ""};
}

// Empty when no display may have the same.
std::string UniqueDeviceOf(const v1::Display& display) {
  if (display.has_group()) return "device " + display.group().device();
  if (display.borrowed().has_device())
    return "device " + display.borrowed().device();
  if (display.borrowed().has_vm()) return "VM " + display.borrowed().vm();
  return "";
}

Problem CheckAllowances(const v1::Display& display) {
  if (display.has_borrowed() || display.has_inherited_fd()) return {};
  const char* field = display.allow_edid_writes() ? "allow_edid_writes"
                      : display.allow_dma_bufs()  ? "allow_dma_bufs"
                                                  : nullptr;
  if (field == nullptr) return {};
  return {absl::StrFormat("%s is for borrowed and inherited_fd; what orield "
                          "opens itself needs no such leave",
                          field),
          field};
}

Problem CheckSize(const v1::Framebuffer& framebuffer,
                  uint32_t bytes_per_pixel) {
  if (framebuffer.width_px() > kMaxSidePx ||
      framebuffer.height_px() > kMaxSidePx) {
    return {absl::StrFormat(
                "a framebuffer of %dx%d is too large; at most %d a side",
                framebuffer.width_px(), framebuffer.height_px(), kMaxSidePx),
            framebuffer.width_px() > kMaxSidePx ? "framebuffer.width_px"
                                                : "framebuffer.height_px"};
  }
  const uint32_t row_bytes = framebuffer.width_px() * bytes_per_pixel;
  if (framebuffer.stride_bytes() < row_bytes) {
    return {absl::StrFormat(
                "stride_bytes %d is less than a row of %d pixels in %s, %d "
                "bytes",
                framebuffer.stride_bytes(), framebuffer.width_px(),
                framebuffer.fourcc(), row_bytes),
            "framebuffer.stride_bytes"};
  }
  if (framebuffer.stride_bytes() > kMaxStrideBytes) {
    return {absl::StrFormat("stride_bytes %d is too large; at most %d",
                            framebuffer.stride_bytes(), kMaxStrideBytes),
            "framebuffer.stride_bytes"};
  }
  if (framebuffer.offset_bytes() > kMaxOffsetBytes) {
    return {absl::StrFormat("offset_bytes %d is too large; at most %d",
                            framebuffer.offset_bytes(), kMaxOffsetBytes),
            "framebuffer.offset_bytes"};
  }
  return {};
}

Problem CheckFramebuffer(const v1::Framebuffer& framebuffer) {
  std::string missing;
  const auto need = [&missing](bool there, const char* field) {
    if (there) return;
    if (!missing.empty()) missing += ", ";
    missing += field;
  };
  need(framebuffer.region_type() != 0, "region_type");
  need(framebuffer.stride_bytes() != 0, "stride_bytes");
  need(!framebuffer.fourcc().empty(), "fourcc");
  need(framebuffer.width_px() != 0, "width_px");
  need(framebuffer.height_px() != 0, "height_px");
  if (!missing.empty()) {
    return {"framebuffer lacks " + missing +
                "; leave it out as a whole to use the device's plane query",
            "framebuffer"};
  }
  if ((framebuffer.region_type() & kVendorTypeBit) == 0) {
    return {absl::StrFormat(
                "region_type 0x%08x is no vendor's type; those are 0x80000000 "
                "plus the PCI vendor, such as 0x80008086",
                framebuffer.region_type()),
            "framebuffer.region_type"};
  }
  const auto* known = std::find_if(
      std::begin(kFourccs), std::end(kFourccs),
      [&](const KnownFourcc& f) { return framebuffer.fourcc() == f.name; });
  if (known == std::end(kFourccs)) {
    return {absl::StrFormat("fourcc \"%s\" is unknown; orield reads %s",
                            framebuffer.fourcc(), FourccList()),
            "framebuffer.fourcc"};
  }
  return CheckSize(framebuffer, known->bytes_per_pixel);
}

void CheckDisplays(const v1::Config& config, const ReportProblem& report) {
  if (config.display_size() > kMaxDisplays) {
    report("display", kMaxDisplays,
           {absl::StrFormat("%d displays; at most %d are served",
                            config.display_size(), kMaxDisplays),
            ""});
    return;
  }
  std::map<std::string, int> names;
  std::map<std::string, std::string> devices;
  for (int i = 0; i < config.display_size(); ++i) {
    const v1::Display& display = config.display(i);
    const auto problem = [&](const Problem& what) {
      if (what.empty()) return;
      report("display", i,
             {absl::StrFormat("display \"%s\": %s", display.name(), what.text),
              what.field});
    };
    problem({CheckName(display.name()), "name"});
    if (!names.emplace(display.name(), i).second &&
        IsDisplayName(display.name())) {
      problem({"a display above has the same name", "name"});
    }
    problem(CheckDevice(display));
    problem(CheckAllowances(display));
    if (const std::string device = UniqueDeviceOf(display); !device.empty()) {
      const auto [other, added] = devices.emplace(device, display.name());
      if (!added) {
        problem({absl::StrFormat("%s is display \"%s\" already", other->first,
                                 other->second),
                 display.has_group()               ? "group.device"
                 : display.borrowed().has_device() ? "borrowed.device"
                                                   : "borrowed.vm"});
      }
    }
    if (display.has_framebuffer()) {
      problem(CheckFramebuffer(display.framebuffer()));
    }
    if (display.max_rate_hz() > kMaxRateHz) {
      problem({absl::StrFormat("max_rate_hz %d is too high; 1 to %d",
                               display.max_rate_hz(), kMaxRateHz),
               "max_rate_hz"});
    }
    if (display.scan_budget_ms_per_s() > kMaxScanBudgetMsPerS) {
      problem({absl::StrFormat("scan_budget_ms_per_s %d is too high; 1 to %d",
                               display.scan_budget_ms_per_s(),
                               kMaxScanBudgetMsPerS),
               "scan_budget_ms_per_s"});
    }
  }
}

void CheckLimits(const v1::Limits& limits, const ReportProblem& report) {
  const auto check = [&](uint32_t value, uint32_t most, const char* field) {
    if (value <= most) return;
    report("limits", 0,
           {absl::StrFormat("limits: %s %d is too high; at most %d", field,
                            value, most),
            field});
  };
  check(limits.viewers_per_display(), kMaxViewers, "viewers_per_display");
  check(limits.lanes_per_display(), kMaxLanes, "lanes_per_display");
  check(limits.worker_threads(), kMaxWorkerThreads, "worker_threads");
}

}  // namespace

Problem CheckListen(const v1::Listen& listen) {
  switch (listen.address_case()) {
    case v1::Listen::kUnix:
      if (listen.unix().mode() > 0777) {
        return {absl::StrFormat(
                    "mode %#o has bits beyond permissions; write it in octal, "
                    "such as 0660",
                    listen.unix().mode()),
                "unix.mode"};
      }
      return {CheckSocketPath(listen.unix().path()), "unix.path"};
    case v1::Listen::kTcp: {
      const std::string& address = listen.tcp().address();
      if (!address.empty() && address != "localhost" && !IsLoopback(address)) {
        return {absl::StrFormat(
                    "\"%s\" is no loopback address; this version has no TLS, "
                    "so anybody on the way could watch: use 127.0.0.1 or ::1 "
                    "and a tunnel such as ssh -L",
                    address),
                "tcp.address"};
      }
      if (listen.tcp().port() > 65535) {
        return {absl::StrFormat("port %d is too high; 1 to 65535, 0 for any",
                                listen.tcp().port()),
                "tcp.port"};
      }
      return {};
    }
    case v1::Listen::ADDRESS_NOT_SET:
      break;
  }
  return {"no address: give one of unix or tcp", ""};
}

Problem CheckDevicesSocket(const v1::Config& config) {
  const v1::DevicesSocket& socket = config.devices_socket();
  if (socket.path() == kNoSocket) {
    for (const v1::Display& display : config.display()) {
      if (!display.has_borrowed()) continue;
      return {absl::StrFormat(
                  "devices_socket: display \"%s\" is borrowed, and without a "
                  "socket nobody can lend its device",
                  display.name()),
              "path"};
    }
    return {};
  }
  if (socket.mode() > 0777) {
    return {absl::StrFormat(
                "devices_socket: mode %#o has bits beyond permissions; write "
                "it in octal, such as 0600",
                socket.mode()),
            "mode"};
  }
  for (const std::string& user : socket.user()) {
    if (user.empty() || user.find('\0') != std::string::npos)
      return {absl::StrFormat("devices_socket: \"%s\" is no user", user),
              "user"};
  }
  if (socket.path().empty()) return {};
  const std::string problem = CheckSocketPath(socket.path());
  if (problem.empty()) return {};
  return {"devices_socket: " + problem, "path"};
}

void CheckConfig(const v1::Config& config, const ReportProblem& report) {
  if (config.listen_size() > kMaxListens) {
    report("listen", kMaxListens,
           {absl::StrFormat("%d listen elements; at most %d are served",
                            config.listen_size(), kMaxListens),
            ""});
  }
  std::set<std::string> keys;
  for (int i = 0; i < std::min(config.listen_size(), kMaxListens); ++i) {
    const v1::Listen& listen = config.listen(i);
    if (const Problem problem = CheckListen(listen); !problem.empty()) {
      report("listen", i, {"listen: " + problem.text, problem.field});
    } else if (const std::string key = ListenKey(listen);
               !key.empty() && !keys.insert(key).second) {
      report("listen", i,
             {absl::StrFormat("listen: a listen above has the %s %s already",
                              listen.has_unix() ? "path" : "address", key),
              listen.has_unix() ? "unix.path" : "tcp.port"});
    }
  }
  if (const Problem problem = CheckDevicesSocket(config); !problem.empty()) {
    report("devices_socket", 0, problem);
  }
  CheckDisplays(config, report);
  CheckLimits(config.limits(), report);
}

}  // namespace oriel::config
