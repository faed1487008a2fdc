/** Descriptors that a server or a client needs beside its connections. */
const SPARE_FILES = 200;

/** How many connections one process may hold here; Infinity where the system names no limit. Node raises its soft limit to the hard one by itself. */
export function connectionLimit(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { hard: number | 'unlimited' } } };
  const hard = report.userLimits?.open_files?.hard;
  return typeof hard === 'number' ? Math.max(0, hard - SPARE_FILES) : Infinity;
}
