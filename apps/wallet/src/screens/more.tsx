import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';

/** What is done once and seldom: ways back, a new phone, somebody else's images. */
export function More() {
  const { texts, state, session, navigation, fail } = useApp();
  const { go } = navigation;
  const [holder] = state.profiles;
  return (
    <>
      <Heading>{texts.more.title}</Heading>
      <section>
        <h2>{texts.more.waysBack}</h2>
        <p>{texts.more.waysBackText}</p>
        <Button kind="quiet" onPress={() => go({ name: 'sheet' })}>
          {texts.home.sheetOpen}
        </Button>
        <Button kind="quiet" onPress={() => go({ name: 'helpers' })}>
          {texts.helpers.add}
        </Button>
      </section>
      <section>
        <h2>{texts.more.find}</h2>
        <p>{texts.more.findText}</p>
      </section>
      {state.profileId === holder?.id && (
        <section>
          <h2>{texts.more.phone}</h2>
          <Button kind="quiet" onPress={() => go({ name: 'old-phone' })}>
            {texts.oldPhone.title}
          </Button>
        </section>
      )}
      {state.wrappers.includes('pin') && (
        <section>
          <h2>{texts.pin.title}</h2>
          <Button kind="quiet" onPress={() => go({ name: 'change-pin' })}>
            {texts.pin.change}
          </Button>
        </section>
      )}
      <section>
        <h2>{texts.roles.others}</h2>
        <p>{texts.roles.othersText}</p>
        <Button kind="quiet" onPress={() => go({ name: 'offer-role', role: 'delegate' })}>
          {texts.roles.delegate.offer}
        </Button>
        <Button kind="quiet" onPress={() => go({ name: 'offer-role', role: 'owner' })}>
          {texts.roles.owner.offer}
        </Button>
        <Button kind="quiet" onPress={() => go({ name: 'link' })}>
          {texts.empty.paste}
        </Button>
      </section>
      <section>
        <h2>{texts.stopAll.next}</h2>
        <Button kind="stop" onPress={() => go({ name: 'stop-all' })}>
          {texts.stopAll.open}
        </Button>
      </section>
      <section>
        <h2>{texts.home.whoLooked}</h2>
        <label className="pick">
          <input
            type="checkbox"
            checked={state.wantsNews}
            onChange={(event) => void session.wantNews(event.target.checked).catch(fail)}
          />
          <span>{texts.news.wanted}</span>
        </label>
      </section>
      <section>
        <h2>{texts.profiles.title}</h2>
        <p>{texts.profiles.text}</p>
        <Button kind="quiet" onPress={() => go({ name: 'add-profile' })}>
          {texts.profiles.someone}
        </Button>
      </section>
    </>
  );
}
