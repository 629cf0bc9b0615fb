#pragma once

#include <vector>

#include "capture/discovery/link_watch.h"
#include "service/config/config.h"
#include "service/inherited_fds.h"
#include "service/session/display_registry.h"

namespace oriel::service {

// How each configured display is opened; without any, every mdev of the host.
// `fds` and `links` outlive the options.
std::vector<session::DisplayOptions> DisplayOptionsOf(
    const config::v1::Config& config, const InheritedFds* fds,
    capture::LinkWatch* links);

}  // namespace oriel::service
