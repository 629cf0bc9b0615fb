#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the calling function when `expression` (an absl::Status) is an
// error.
#define RETURN_IF_ERROR(expression)                                   \
  do {                                                                \
    if (absl::Status oriel_status = (expression); !oriel_status.ok()) \
      return oriel_status;                                            \
  } while (false)

#define ORIEL_CONCAT_INNER(a, b) a##b
#define ORIEL_CONCAT(a, b) ORIEL_CONCAT_INNER(a, b)

// ASSIGN_OR_RETURN(auto picture, source.Scan());
#define ASSIGN_OR_RETURN(declaration, expression)                        \
  ASSIGN_OR_RETURN_INNER(ORIEL_CONCAT(oriel_or_, __LINE__), declaration, \
                         expression)
#define ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                   \
  if (!result.ok()) return result.status();                     \
  declaration = *std::move(result)
