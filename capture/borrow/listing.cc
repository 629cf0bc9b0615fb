#include "capture/borrow/listing.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "capture/borrow/access.h"
#include "capture/borrow/process.h"
#include "capture/borrow/vmm.h"
#include "nlohmann/json.hpp"

namespace oriel::capture {
namespace {

constexpr size_t kMaxProcesses = 100000;

void AddVmm(const Vmm& vmm, Listing& listing) {
  const auto taken = [&](const std::string& name) {
    return std::any_of(
        listing.devices.begin(), listing.devices.end(),
        [&](const ListedDevice& other) { return other.display == name; });
  };
  for (const VmmDevice& device : vmm.devices) {
    ListedDevice listed;
    listed.display = DisplayName(vmm, device.identity, taken);
    listed.vm = vmm.name;
    listed.pid = vmm.pid;
    listed.command = vmm.command;
    listed.fd = device.vmm_fd;
    if (device.identity.device.has_value()) {
      listed.device = device.identity.device->name;
    }
    listed.evidence = device.identity.evidence;
    listed.dma_bufs_allowed = device.dma_bufs_allowed;
    if (!device.may_be_display) {
      listed.problem = "it is no display";
    } else if (device.leaving()) {
      listed.problem = "it is being removed or unbound";
    }
    listing.devices.push_back(std::move(listed));
  }
  for (const std::string& problem : vmm.problems) {
    listing.problems.push_back(
        absl::StrFormat("%s (pid %d): %s", vmm.command, vmm.pid, problem));
  }
}

// Without quotes and control characters, which a terminal would obey.
std::string Printable(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = '?';
  }
  return text.empty() ? "-" : text;
}

}  // namespace

Listing ListDevices(Host& host) {
  Listing listing;
  const std::string missing = MissingAccess(host);
  if (!missing.empty()) listing.problems.push_back(missing);
  const auto names = host.ListNames("/proc", kMaxProcesses);
  if (!names.ok()) {
    listing.problems.push_back(std::string(names.status().message()));
    return listing;
  }
  for (const std::string& name : *names) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid)) continue;
    const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host, pid);
    if (!stat.ok() || stat->kernel_thread) continue;
    const absl::StatusOr<VfioFds> fds = ListVfioFds(host, pid);
    if (fds.ok() && fds->devices.empty()) continue;
    const absl::StatusOr<Vmm> vmm =
        fds.ok() ? LookAtVmm(host, pid, *fds) : fds.status();
    if (vmm.ok()) {
      AddVmm(*vmm, listing);
    } else if (missing.empty() && !absl::IsNotFound(vmm.status()) &&
               (fds.ok() || LooksLikeVmm(host, pid))) {
      listing.problems.push_back(ExplainDenial(host, pid, vmm.status()));
    }
  }
  return listing;
}

std::string ListingAsText(const Listing& listing) {
  std::string text;
  for (const ListedDevice& device : listing.devices) {
    text += absl::StrFormat(
        "%s\n  vm %s, %s (pid %d), fd %d\n  device %s: %s\n  "
        "dma-bufs %s\n",
        device.display, Printable(device.vm), Printable(device.command),
        device.pid, device.fd,
        device.device.empty() ? "unattributed" : device.device, device.evidence,
        device.dma_bufs_allowed ? "may be asked for (its display is off)"
                                : "are not asked for");
    if (!device.problem.empty()) {
      text += absl::StrFormat("  not offered: %s\n", device.problem);
    }
  }
  if (listing.devices.empty()) text += "No process holds a VFIO device.\n";
  for (const std::string& problem : listing.problems) {
    text += absl::StrFormat("Problem: %s\n", Printable(problem));
  }
  return text;
}

std::string ListingAsJson(const Listing& listing) {
  using Json = nlohmann::ordered_json;
  Json devices = Json::array();
  for (const ListedDevice& device : listing.devices) {
    devices.push_back({{"display", device.display},
                       {"vm", device.vm},
                       {"pid", device.pid},
                       {"command", device.command},
                       {"fd", device.fd},
                       {"device", device.device},
                       {"evidence", device.evidence},
                       {"dma_bufs_allowed", device.dma_bufs_allowed},
                       {"problem", device.problem}});
  }
  const Json all = {{"devices", devices}, {"problems", listing.problems}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace oriel::capture
