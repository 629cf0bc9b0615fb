#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "service/config/config.h"
#include "service/hotplug.h"
#include "service/inherited_fds.h"
#include "service/interruptible_open.h"
#include "service/offers/offer_server.h"
#include "service/session/display_registry.h"

namespace oriel::service {

// How each configured display is opened, but for borrowed ones; with
// own_all_mdevs the host's other mdevs, too. `fds`, `opens`, and `hotplug`,
// which expects the devices of both, outlive the options.
std::vector<session::DisplayOptions> DisplayOptionsOf(
    const config::v1::Config& config, const InheritedFds* fds, Hotplug* hotplug,
    InterruptibleOpens* opens);

// Where devices are offered, and the borrowed displays; empty: nowhere.
// kNotFound: the configuration names a user that there is not.
absl::StatusOr<std::optional<offers::OfferServerOptions>> OfferOptionsOf(
    const config::v1::Config& config);

}  // namespace oriel::service
