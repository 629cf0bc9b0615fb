#pragma once

#include <string>

#include "clients/lib/server_address.h"

namespace oriel::clients {

// Why nothing can be reached at `address`, and the way out, for people: tries
// to connect itself, because gRPC's own texts bury the reason. Blocks for at
// most about two seconds after name resolution.
std::string DiagnoseConnect(const ServerAddress& address);

}  // namespace oriel::clients
