#include "clients/viewer/first_look.h"

#include <memory>

#include "base/status_macros.h"
#include "clients/lib/connection.h"

namespace oriel::clients {

absl::StatusOr<std::string> LookForDisplay(const std::string& server,
                                           const std::string& display) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection,
                   Connection::Open(server));
  ASSIGN_OR_RETURN(const std::string name, connection->ResolveDisplay(display));
  RETURN_IF_ERROR(connection->GetDisplay(name).status());
  return name;
}

}  // namespace oriel::clients
