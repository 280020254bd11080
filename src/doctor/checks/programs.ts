// Check of the programs that the config starts: the service finds each of them, and the same one as this terminal.
import { programWarning } from '../../service/plan/programs.ts';
import { type Check, ok, warning } from '../check.ts';

export const programs: Check = {
  id: 'programs',
  title: 'Programs',
  run({ programs: locate }) {
    return Promise.resolve(
      locate().map((each) => {
        const [message, ...cure] = (programWarning(each) ?? '').split('; ');
        if (message !== undefined && message !== '') return warning(message, cure.join('; '));
        return ok(`${each.server}: ${each.program} is ${each.inService ?? 'not found'}, also for a service`);
      }),
    );
  },
};
