/** The help of the command relay-test sweep. */
import { PROOFS, SUITES, SWEEP_CHANGES, SWEEP_STATES, VERDICTS } from '../../contract/words.ts'
import { SWEEP_FORMATS } from './order.ts'

export const SWEEP_HELP = `Usage: relay-test sweep start NAME --customers all|ID,ID [options]   test the servers of customers
       relay-test sweep start NAME --file targets.txt [options]      test the servers in a file
       relay-test sweep list [NAME]                                  list sweeps, newest first
       relay-test sweep show ID [--wait]                             show what a sweep has found, and what has changed
       relay-test sweep results ID [options]                         list its servers with their results
       relay-test sweep stop ID                                      stop it; its results so far stay

A sweep tests many servers with one request. The service does all of it, so this command does not wait. A sweep is
compared with the last one of the same name, so give one name to all sweeps of the same servers, such as weekly. Only
one sweep of a name runs at a time. Your key must be allowed to sweep.

Options of start:
  --customers all|ID,ID
                     test the mail servers that your provider has on record for these customers
  --file FILE        test the servers in the file, one on each line; - reads standard input
  --spread TIME      begin the tests evenly within this time, such as 30m, 6h or 2d; at most 7d (default: as soon as
                     there is room for them)
  --suite SUITE      ${SUITES.join(' or ')} (default: standard; full asks each server much more)
  --proof PROOF      how far to go: ${PROOFS.join(', ')} (default: as far as the service can)
  --wait             wait for the end, and show what has changed. Progress is on standard error

Options of results:
  --verdict ${VERDICTS.join('|')}  --change ${SWEEP_CHANGES.join('|')}
  --state ${SWEEP_STATES.join('|')}     --customer ID
                     only servers that match all of these
  --format FORMAT    ${SWEEP_FORMATS.join(', ')} (default: table on a terminal, else ndjson)

Options of all: --json prints the sweep as JSON, or each one on a line; with results, the same as --format ndjson.

Changes since the sweep before:
  opened             open now, and not before
  closed             closed now, and open before
  new                not in the sweep before
  lost               in the sweep before, but not tested now

Lines of a targets file are  ADDRESS[:PORT] [DOMAIN|MAILBOX] [REFERENCE]  and # begins a comment:

  203.0.113.25 example.com TICKET-4711
  203.0.113.26:587 jane@example.com    # another port, and a known mailbox
  [2001:db8:25::1]:587 TICKET-4712

Exit code with --wait: that of the worst server, as relay-test --help lists them: 1 open, then 3 not tested, then
2 inconclusive, then 0 closed. Without --wait: 0, or 3 if the command fails. Ctrl-C (130) ends only the wait: the sweep
goes on until it is done or stopped.

Examples:
  relay-test sweep start weekly --customers all --spread 6h
  relay-test sweep start weekly --file targets.txt --wait
  relay-test sweep show "$(relay-test sweep list weekly --json | head -1 | jq -r .id)" --wait
  relay-test sweep results ID --change opened --format csv > opened.csv
`
