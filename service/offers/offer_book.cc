#include "service/offers/offer_book.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace oriel::offers {
namespace {

using capture::Offer;

std::string Named(const std::string& device) {
  if (device.empty()) return "unattributed device";
  return (device.find(':') == std::string::npos ? "mdev " : "PCI device ") +
         device;
}

std::string DeviceText(const Offer& offer) {
  const std::string& vm = offer.vm.empty() ? offer.command : offer.vm;
  return absl::StrFormat("%s of %s", Named(offer.device),
                         vm.empty() ? "a VM" : vm);
}

std::string DeviceText(const BorrowedDisplayOptions& options) {
  if (options.device.empty()) return "device of VM " + options.vm;
  return Named(options.device) + " of its VM";
}

std::string NobodyOffers(const BorrowedDisplayOptions& options) {
  if (options.device.empty()) {
    return absl::StrFormat("no running VM \"%s\" offers a device", options.vm);
  }
  return absl::StrFormat("no running VM offers %s", Named(options.device));
}

session::DisplayOptions RegistryOptions(
    const std::string& name, const std::string& device,
    const std::string& device_name, int max_rate_hz,
    std::shared_ptr<BorrowedDisplay> display) {
  session::DisplayOptions options;
  options.name = name;
  options.device = device;
  options.device_name = device_name;
  options.max_rate_hz = max_rate_hz;
  options.open = [display = std::move(display)] { return display->Open(); };
  return options;
}

}  // namespace

std::string OfferBook::WhoDrives(const Offer& offer) {
  const std::string pid =
      offer.vmm_pid > 0 ? absl::StrFormat("pid %d", offer.vmm_pid) : "";
  if (offer.vm.empty() && offer.command.empty()) {
    return pid.empty() ? "its VM" : "its VM (" + pid + ")";
  }
  if (offer.vm.empty()) {
    return pid.empty() ? offer.command : offer.command + " (" + pid + ")";
  }
  if (offer.command.empty() && pid.empty()) return offer.vm;
  const char* comma = offer.command.empty() || pid.empty() ? "" : ", ";
  return absl::StrFormat("%s (%s%s%s)", offer.vm, offer.command, comma, pid);
}

OfferBook::OfferBook(session::DisplayRegistry* registry,
                     LeasedDeviceOpener open, std::function<void()> on_over)
    : registry_(*registry),
      open_(std::move(open)),
      on_over_(std::move(on_over)) {}

absl::Status OfferBook::Configure(const BorrowedDisplayOptions& options) {
  Place place;
  place.configured = options;
  place.configured->device = absl::AsciiStrToLower(options.device);
  place.device = DeviceText(options);
  place.absent = NobodyOffers(options);
  place.display = std::make_shared<BorrowedDisplay>(open_, AbsentReason(place));
  return AddPlace(options.name, std::move(place));
}

void OfferBook::SetHelperState(const std::string& state) {
  if (state == helper_state_) return;
  helper_state_ = state;
  // Told by the displays' next attempts to open, not by one for each change.
  for (auto& [name, place] : places_) {
    if (!place.occupied) place.display->TakeBack(AbsentReason(place));
  }
}

std::string OfferBook::AbsentReason(const Place& place) const {
  if (helper_state_.empty()) return place.absent;
  return place.absent + "; " + helper_state_;
}

// --- offers ---

absl::Status OfferBook::CheckNew(const Offer& offer) const {
  if (entries_.size() >= kMaxOffers) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "%d devices are borrowed, as many as there may be", entries_.size()));
  }
  for (const auto& [key, entry] : entries_) {
    if (entry.ended_at.has_value()) continue;
    if (entry.offer.display == offer.display) {
      return absl::AlreadyExistsError(
          absl::StrFormat("display \"%s\" is offered already, by %s",
                          offer.display, WhoDrives(entry.offer)));
    }
    if (!offer.device.empty() && entry.offer.device == offer.device) {
      return absl::AlreadyExistsError(
          absl::StrFormat("device %s is offered already, as display \"%s\"",
                          offer.device, entry.offer.display));
    }
  }
  const auto place = places_.find(offer.display);
  const bool taken = place == places_.end()
                         ? registry_.Get(offer.display).ok()
                         : place->second.configured.has_value() &&
                               !Matches(*place->second.configured, offer);
  if (!taken) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrFormat(
      "display \"%s\" is another one in orield's configuration; offer the "
      "device under another name",
      offer.display));
}

absl::Status OfferBook::Add(const OfferKey& key, const Offer& given,
                            UniqueFd device, Time now) {
  Offer offer = given;
  offer.device = absl::AsciiStrToLower(offer.device);
  RETURN_IF_ERROR(CheckNew(offer));
  Entry& entry = entries_[key];
  entry.offer = std::move(offer);
  entry.device = std::move(device);
  Settle(now);
  // What is unavailable is tried again when a device was let go of.
  if (entry.problem.ok() || absl::IsUnavailable(entry.problem)) {
    return absl::OkStatus();
  }
  const absl::Status problem = entry.problem;
  entries_.erase(key);
  return problem;
}

int OfferBook::DeviceFd(const OfferKey& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? -1 : found->second.device.get();
}

void OfferBook::End(const OfferKey& key, const OfferEnd& end, Time now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.ended_at.has_value()) return;
  LetGo(found->second, end, now);
  Settle(now);
}

void OfferBook::EndAll(uint64_t connection, const OfferEnd& end, Time now) {
  for (auto& [key, entry] : entries_) {
    if (key.connection == connection && !entry.ended_at.has_value())
      LetGo(entry, end, now);
  }
  Settle(now);
}

void OfferBook::LetGo(Entry& entry, const OfferEnd& end, Time now) {
  // Before all else: our copy alone keeps the next VM from starting.
  entry.device.reset();
  entry.ended_at = now;
  if (!entry.display.empty()) Unbind(entry, end, now);
  spdlog::info("event=offer_ended display={} reason={}", entry.last_display,
               LogText(end.reason));
  on_over_();
}

std::vector<OfferKey> OfferBook::TakeOver(Time now) {
  std::vector<OfferKey> over;
  bool changed = false;
  for (auto& [key, entry] : entries_) {
    Time last = entry.ended_at.value_or(Time::min());
    std::erase_if(entry.leases, [&](const std::shared_ptr<Lease>& lease) {
      const std::optional<Time> since = lease->over_since();
      if (since.has_value()) last = std::max(last, *since);
      changed |= since.has_value();
      return since.has_value();
    });
    if (!entry.ended_at.has_value() || !entry.leases.empty()) continue;
    const auto took =
        std::chrono::duration<double, std::milli>(last - *entry.ended_at);
    spdlog::info("event=released display={} ms={:.1f}", entry.last_display,
                 took.count());
    over.push_back(key);
  }
  for (const OfferKey& key : over) entries_.erase(key);
  if (changed) Settle(now);
  return over;
}

std::vector<LentDevice> OfferBook::List() const {
  std::vector<LentDevice> list;
  for (const auto& [key, entry] : entries_) {
    if (!entry.ended_at.has_value())
      list.push_back({entry.offer, entry.display});
  }
  return list;
}

// --- which display shows what ---

bool OfferBook::Matches(const BorrowedDisplayOptions& configured,
                        const Offer& offer) const {
  return configured.device.empty() ? configured.vm == offer.vm
                                   : configured.device == offer.device;
}

void OfferBook::AssignConfigured(Place& place, const std::string& name,
                                 Assignment& assignment) {
  std::vector<OfferKey> matching;
  std::vector<std::string> names;
  for (const auto& [key, entry] : entries_) {
    if (entry.ended_at.has_value() || assignment.contains(key) ||
        !Matches(*place.configured, entry.offer)) {
      continue;
    }
    matching.push_back(key);
    names.push_back(entry.offer.display);
  }
  if (std::exchange(place.ambiguous, matching.size() > 1)) {
    place.absent = NobodyOffers(*place.configured);
  }
  if (matching.size() == 1) {
    assignment[matching.front()] = name;
  } else if (place.ambiguous) {
    place.absent = absl::StrFormat(
        "VM \"%s\" has %d devices, so which one is meant? Configure borrowed { "
        "device: ... } instead; they are offered as %s",
        place.configured->vm, matching.size(), absl::StrJoin(names, ", "));
  }
}

OfferBook::Assignment OfferBook::Assign() {
  Assignment assignment;
  // What is named by its device is not one of its VM's other devices.
  for (const bool by_device : {true, false}) {
    for (auto& [name, place] : places_) {
      if (place.configured.has_value() &&
          place.configured->device.empty() != by_device) {
        AssignConfigured(place, name, assignment);
      }
    }
  }
  for (const auto& [key, entry] : entries_) {
    if (entry.ended_at.has_value() || assignment.contains(key)) continue;
    const auto place = places_.find(entry.offer.display);
    // A configured name is for what the configuration says.
    if (place != places_.end() && place->second.configured.has_value())
      continue;
    assignment[key] = entry.offer.display;
  }
  return assignment;
}

void OfferBook::Settle(Time now) {
  const Assignment assignment = Assign();
  for (auto& [key, entry] : entries_) {
    if (entry.display.empty()) continue;
    const auto wanted = assignment.find(key);
    if (wanted != assignment.end() && wanted->second == entry.display) continue;
    const Place& place = places_[entry.display];
    const std::string reason = place.configured.has_value()
                                   ? place.absent
                                   : "it is another display now";
    Unbind(entry, {reason, reason}, now);
  }
  for (const auto& [key, name] : assignment) {
    Entry& entry = entries_[key];
    if (!entry.display.empty()) continue;
    const absl::Status bound = Bind(entry, name);
    if (!bound.ok() && bound != entry.problem) {
      spdlog::warn("event=not_borrowed display={} reason={}", name,
                   LogText(std::string(bound.message())));
    }
    entry.problem = bound;
  }
  // New reasons, where nothing changed hands.
  for (auto& [name, place] : places_) {
    if (!place.occupied) place.display->TakeBack(AbsentReason(place));
  }
}

absl::Status OfferBook::Bind(Entry& entry, const std::string& name) {
  const Offer& offer = entry.offer;
  auto found = places_.find(name);
  if (found != places_.end() && !found->second.configured.has_value() &&
      found->second.device != DeviceText(offer)) {
    if (!IsGone(found->second)) {
      return absl::UnavailableError(absl::StrFormat(
          "display \"%s\" was another device that is still being let go of",
          name));
    }
    places_.erase(found);
    found = places_.end();
    registry_.RemoveDisplay(name, "another device has its name now")
        .IgnoreError();
  }
  UniqueFd copy(fcntl(entry.device.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) {
    return absl::ErrnoToStatus(errno, "duplicate an offered device's fd");
  }
  ASSIGN_OR_RETURN(std::shared_ptr<Lease> lease,
                   Lease::Create(std::move(copy), on_over_));
  if (found == places_.end()) {
    Place place;
    place.device = DeviceText(offer);
    place.occupied = true;
    place.lease = lease;
    place.display = std::make_shared<BorrowedDisplay>(open_, "");
    place.display->Lend(lease, OptionsFor(place, offer));
    if (const absl::Status added = AddPlace(name, std::move(place));
        !added.ok()) {
      lease->End(std::string(added.message()));
      return added;
    }
  } else {
    Place& place = found->second;
    place.occupied = true;
    place.lease = lease;
    place.display->Lend(lease, OptionsFor(place, offer));
    registry_.TryOpening(name);
  }
  entry.leases.push_back(std::move(lease));
  entry.display = entry.last_display = name;
  spdlog::info("event=borrowed display={} device={} driven_by={} evidence={}",
               name, LogText(Named(offer.device)), LogText(WhoDrives(offer)),
               LogText(offer.evidence));
  return absl::OkStatus();
}

LeaseOptions OfferBook::OptionsFor(const Place& place, const Offer& offer) {
  LeaseOptions options;
  options.what =
      absl::StrFormat("%s of %s", Named(offer.device), WhoDrives(offer));
  options.source.dma_bufs_allowed = offer.dma_bufs_allowed;
  if (place.configured.has_value()) {
    options.source.framebuffer = place.configured->framebuffer;
    options.source.pace = place.configured->pace;
    options.source.dma_bufs_allowed |= place.configured->dma_bufs_allowed;
    options.edid_writes_allowed = place.configured->edid_writes_allowed;
  }
  return options;
}

void OfferBook::Unbind(Entry& entry, const OfferEnd& end, Time now) {
  Place& place = places_[entry.display];
  place.absent = end.absent;
  place.occupied = false;
  place.gone_since = now;
  place.lease->End(end.reason);
  place.display->TakeBack(AbsentReason(place));
  // Fails, and so tells the new reason.
  registry_.TryOpening(entry.display);
  entry.display.clear();
}

// --- displays that come and go ---

absl::Status OfferBook::AddPlace(const std::string& name, Place place) {
  if (!place.configured.has_value()) RETURN_IF_ERROR(MakeRoom());
  const int max_rate_hz = place.configured.has_value()
                              ? place.configured->pace.max_rate_hz
                              : session::DisplayOptions().max_rate_hz;
  const std::string configured_device =
      place.configured.has_value() ? place.configured->device : "";
  RETURN_IF_ERROR(registry_.AddDisplay(RegistryOptions(
      name, place.device, configured_device, max_rate_hz, place.display)));
  spdlog::info("event=display name={} device={} max_rate_hz={}", name,
               LogText(place.device), max_rate_hz);
  places_[name] = std::move(place);
  return absl::OkStatus();
}

// Whether its thread has no device call to wait for.
bool OfferBook::IsGone(const Place& place) const {
  return !place.configured.has_value() && !place.occupied &&
         place.lease->over_since().has_value();
}

// A helper that makes names up must not fill the daemon with them.
absl::Status OfferBook::MakeRoom() {
  size_t count = 0;
  auto oldest = places_.end();
  for (auto it = places_.begin(); it != places_.end(); ++it) {
    if (!it->second.configured.has_value()) ++count;
    if (IsGone(it->second) &&
        (oldest == places_.end() ||
         it->second.gone_since < oldest->second.gone_since)) {
      oldest = it;
    }
  }
  if (count < kMaxBorrowedDisplays) return absl::OkStatus();
  if (oldest == places_.end()) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "there are %d borrowed displays, as many as there may be", count));
  }
  const std::string name = oldest->first;
  places_.erase(oldest);
  return registry_.RemoveDisplay(name, "its VM has gone");
}

Time OfferBook::RemoveGone(Time now) {
  Time next = Time::max();
  for (auto it = places_.begin(); it != places_.end();) {
    const Place& place = it->second;
    if (!IsGone(place)) {
      ++it;
    } else if (const Time due = place.gone_since + kKeptFor; now < due) {
      next = std::min(next, due);
      ++it;
    } else {
      const std::string name = it->first;
      it = places_.erase(it);
      registry_.RemoveDisplay(name, "its VM has gone").IgnoreError();
      spdlog::info("event=display_removed name={}", name);
    }
  }
  return next;
}

}  // namespace oriel::offers
