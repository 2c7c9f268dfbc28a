/** The help of the command relay-test. */
import { PROOFS, SUITES, VERDICTS } from '../contract/words.ts'
import { FORMAT_NAMES } from '../render/formats.ts'

export const HELP = `Usage: relay-test ADDRESS|NAME|DOMAIN [options]   test a mail server, or each one of a name
       relay-test ID                              show a test that was made earlier
       relay-test --file targets.txt [options]    test many
       relay-test sweep start|list|show|results|stop
                                                  let the service test many, and compare with the last time:
                                                  see relay-test sweep --help
       relay-test list [options]                  list earlier tests
       relay-test limits [ADDRESS] [--port PORT] [--customer ID]
                                                  show what your key may do, and how much is left
       relay-test vantages                        show where tests can come from

Asks a relay test service whether strangers can send mail through a mail server, and shows the session while it
happens: -> before our lines, <- before those of the server. The service looks up a host name or mail domain, and
tests each of its addresses that you may test. Instead of a domain, enter a mail address that exists at it: then the
mailbox is known.

Options of a test:
  --domain NAME      the server's own mail domain (default: the customer's first domain)
  --known-mailbox MAILBOX
                     a mailbox that exists at the server. With it, the test understands refusals in any words
                     (default: the customer's first mailbox at the mail domain)
  --suite SUITE      ${SUITES.join(' or ')} (default: standard; full asks the server much more)
  --proof PROOF      how far to go: ${PROOFS.join(', ')} (default: as far as the service can)
  --vantage NAME     where to test from (default: the first vantage that is up and fits)
  --reference TEXT   your own reference, for example a ticket: kept with the result, never sent to the mail server
  --port PORT        a port other than 25, if the service allows it; or write it after the target: 203.0.113.25:587
  --json             print only the whole result as JSON, one line for each test; with --file and list, the same
                     as --format ndjson

Options with --file:
  --file FILE        test the targets in the file, one on each line; - reads standard input. If a quota is used up,
                     waits as Retry-After says, up to two hours for each target. Progress is on standard error
  --at-once N        the number of tests at the same time, 1 to 32 (default: 4)
  --format FORMAT    ${FORMAT_NAMES.join(', ')} (default: table on a terminal, else ndjson). A table is
                     for reading, without ids and times
  --resume FILE      keep each result in FILE as ndjson. If FILE has results, test only the targets that it lacks
  --diff FILE        say what changed since the results in FILE, which is ndjson of an earlier time: opened, closed,
                     lost (no answer any more), new, gone (not in the targets any more)

Options of list:
  --ip ADDRESS  --reference TEXT  --customer ID  --verdict ${VERDICTS.join('|')}
                     only tests that match all of these
  --since TIME       only tests since then: 2027-01-31, 2027-01-31T12:00:00Z, or a duration: 90m, 24h, 7d
  --limit N          the most tests to list (default: 100)
  --format FORMAT    as above; here a table has the time (UTC) and the id of each test

  -h, --help         print this text
  --version          print the version

Lines of a targets file are  TARGET[:PORT] [DOMAIN|MAILBOX] [REFERENCE]  and # begins a comment. TARGET is an address, a
host name, a mail domain or a mail address:

  203.0.113.25 example.com TICKET-4711
  203.0.113.26 jane@example.com     # a known mailbox
  2001:db8:25::1 TICKET-4712        # the customer's first domain
  [2001:db8:25::1]:587              # another port
  mail.example.com                  # each address of the name
  example.com TICKET-4713           # each mail server of the domain
  jane@example.com                  # the same, and the mailbox is known

Environment:
  RELAY_TESTS_URL    where the service is (default: http://127.0.0.1:3000)
  RELAY_TESTS_KEY    your API key; not needed if a proxy logs you in
  NO_COLOR           if set, no colours; a pipe or a file never gets colours

Exit code:
  0  closed          the server refused to relay what we tried as a stranger
  1  open            strangers can send mail through it
  2  inconclusive    the test found no answer; the output gives the reason
  3  error           the test could not be made, or the command has a mistake
  130                stopped by Ctrl-C; this also stops the running test, except with --file or an ID
With many targets, the exit code is that of the worst: open, then error, then inconclusive. The commands list, limits
and vantages exit with 0, or with 3 if they fail.

Examples:
  relay-test 203.0.113.25 --domain example.com
  relay-test mail.example.com --proof recipient
  relay-test 203.0.113.25 --json | jq -r '.verdict, .summary'
  relay-test --file targets.txt | jq -r 'select(.verdict == "open") | .ip'
  relay-test --file targets.txt --resume week-2.ndjson --diff week-1.ndjson --format html > report.html
  relay-test list --verdict open --since 7d --format table
`
