#pragma once

namespace turnstone::cli {

/// What a program that is nothing but Turnstone does first. Called once.
///
/// Makes the heap start large and in large pages where the system has them: reading a project
/// allocates a great number of small things, and half of its time went into the kernel handing out
/// pages one by one. Memory that is not touched costs nothing. Client libraries are
/// prepared too.
void prepare_process();

}  // namespace turnstone::cli
